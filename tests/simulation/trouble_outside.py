"""Moves in which the payment provider fails, hangs, is late, or is too early."""

from __future__ import annotations

import trio

from tests.simulation.life import Life, move, take
from tests.simulation.moves import steps_meanwhile
from tests.simulation.workload import cards


@move
async def provider_away(life: Life) -> None:
    """Payments can't be made for a while."""
    life.night.world.provider.away = True
    await _steps_and_cards(life, (1, 60))


@move
async def provider_hangs(life: Life) -> None:
    """It takes calls and says nothing."""
    life.night.world.provider.hangs = trio.Event()
    await _steps_and_cards(life, (5, 45))


@move
async def provider_answers_late(life: Life) -> None:
    """It does what it is asked, and says so when nobody waits any more."""

    async def late(_id: str) -> None:
        life.night.faults.met["provider answers late"] += 1
        await trio.sleep(60)

    life.night.world.provider.early = late
    await _steps_and_cards(life, (30,))


@move
async def event_before_answer(life: Life) -> None:
    """The card is good, and the event of it is here before the answer to who asked."""
    night = life.night

    async def early(id_: str) -> None:
        intent = night.world.provider.intents.get(id_)
        if intent is not None and intent.status != "succeeded":
            night.faults.met["event before answer"] += 1
            night.world.provider.pays(id_)
            for _ in range(night.one((1, 2))):
                await cards.hook(night, -1)

    night.world.provider.early = early
    await _steps_and_cards(life, (5,))


async def _steps_and_cards(life: Life, seconds: tuple[float, ...]) -> None:
    """Everybody goes on, and somebody pays with a card."""
    async with trio.open_nursery() as nursery:
        seed = life.night.random.getrandbits(32)
        nursery.start_soon(take, life.night, "pay with a card", seed)
        await steps_meanwhile(life, seconds)
