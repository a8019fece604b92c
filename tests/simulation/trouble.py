"""Moves in which something goes wrong. One that ends the node raises `NodeEnds`, or is cut off."""

from __future__ import annotations

from datetime import timedelta

import attrs
import trio

import actors.runtime.mailbox
from actors.runtime import housekeeping
from tests.replacing import replaced
from tests.simulation.databases import FaultyDatabase
from tests.simulation.life import Life, NodeEnds, move, take
from tests.simulation.moves import steps
from tests.simulation.night import KIND, Night, NoStep
from tests.simulation.workload import (
    money,
)
from tests.twins.people import VENUE

# What ends the node


@move
async def crash(life: Life) -> None:
    """It is gone, between two things."""
    life.night.faults.met["crash"] += 1
    await _die(life.night)


async def _die(night: Night) -> None:
    """What stands in line is never written, and nobody is told anything."""
    night.faults.crash()
    await trio.sleep_forever()


@move
async def crash_in_the_middle(life: Life) -> None:
    """It is gone before everybody has an answer."""
    night = life.night
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for _ in range(night.random.randint(1, 80)):
            await trio.lowlevel.checkpoint()
        night.faults.met["crash in the middle"] += 1
        await _die(night)


@move
async def told_to_end(life: Life) -> None:
    """It is told to end while people ask."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for _ in range(life.night.random.randint(1, 40)):
            await trio.lowlevel.checkpoint()
        life.night.say("the node is told to end")
        await life.house.node.drain()
        nursery.cancel_scope.cancel()
    life.night.faults.met["told to end"] += 1
    raise NodeEnds


def away_for_long(night: Night) -> None:
    """No node for a while, and perhaps the database comes back as it was some time ago."""
    database = night.world.database
    assert isinstance(database, FaultyDatabase)
    if night.faults.comes("away for long"):
        minutes = night.one((1, 7, 30, 200))
        night.say(f"no node for {minutes} min")
        night.world.clock.step += timedelta(minutes=minutes)
    held = night.world.disk.kept_after_n
    backups = [one for one in night.backups if one["position"] >= held]
    if backups and night.faults.comes("database restored"):
        chosen = night.one(backups)
        night.say(f"the database is restored to entry {chosen['position']}")
        database.restore(chosen)
        night.backups.clear()


# What goes wrong while it lives


async def _steps_meanwhile(life: Life, seconds: tuple[float, ...]) -> None:
    """Everybody goes on for so long."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        await trio.sleep(life.night.one(seconds))
        life.night.say("that is over")
        await _heal(life)


async def _heal(life: Life) -> None:
    journal = life.house.journal
    life.database.away = False
    life.heal_provider()
    journal.room_for, journal.recoveries_refused = None, 0


@move
async def database_away(life: Life) -> None:
    """It is away for some seconds, or loses answers; who works goes on."""
    life.database.lose_answers = life.night.one((0, 1, 2))
    life.database.away = True
    life.night.faults.met["database away"] += 1
    await _steps_meanwhile(life, (1, 10, 25))


@move
async def journal_full(life: Life) -> None:
    """There is room for some more entries, and then for none."""
    life.house.journal.room_for = life.night.one((0, 1, 2, 5))
    life.night.faults.met["journal full"] += 1
    await _steps_meanwhile(life, (1, 5, 30))


@move
async def disk_stays_full(life: Life) -> None:
    """A commit fails, and so do the first tries to go on."""
    faults = life.night.faults
    life.house.journal.recoveries_refused = life.night.one((1, 2, 4))
    faults.rates, before = {**faults.rates, "commit failed": 1.0}, faults.rates
    faults.met["disk stays full"] += 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        try:
            await trio.sleep(0.5)
        finally:
            # The node may die meanwhile, and the next one must be able to begin.
            faults.rates = before
    await _heal(life)


@move
async def mailbox_full(life: Life) -> None:
    """Actors take one command at a time."""
    life.night.faults.met["mailbox full"] += 1
    with replaced(actors.runtime.mailbox, "MAILBOX_COMMANDS_MAX", 1):
        await steps(life)


@move
async def actors_retired(life: Life) -> None:
    """Whoever rests is let go of at once, again and again, also in the middle of sagas."""
    night = life.night
    over = False

    async def let_go() -> None:
        while not over:
            if (generation := life.house.node._generation) is not None:
                for actor in [*generation.residents.by_address.values()]:
                    at_rest = housekeeping._is_at_rest(generation, actor)
                    if at_rest and housekeeping._retire(generation, actor):
                        night.faults.met["actors retired"] += 1
            await trio.sleep(0.02)

    with replaced(housekeeping, "ACTOR_IDLE_S", 0.0):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(let_go)
            await steps(life)
            await trio.sleep(1)
            await steps(life)
            over = True


@move
async def provider_away(life: Life) -> None:
    """Payments can't be made for a while."""
    life.night.world.provider.away = True
    life.night.faults.met["provider away"] += 1
    await _steps_and_cards(life, (1, 60))


@move
async def provider_hangs(life: Life) -> None:
    """It takes calls and says nothing."""
    life.night.world.provider.hangs = trio.Event()
    life.night.faults.met["provider hangs"] += 1
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
                await money.hook(night, -1)

    night.world.provider.early = early
    await _steps_and_cards(life, (5,))


async def _steps_and_cards(life: Life, seconds: tuple[float, ...]) -> None:
    """Everybody goes on, and somebody pays with a card."""
    async with trio.open_nursery() as nursery:
        seed = life.night.random.getrandbits(32)
        nursery.start_soon(take, life.night, "pay with a card", seed)
        await _steps_meanwhile(life, seconds)


@move
async def clock_set_forward(life: Life) -> None:
    """The machine's clock is set forward, not by time that passes."""
    night = life.night
    minutes = night.one((0.1, 1, 8, 40, 170))
    night.world.clock.step += timedelta(minutes=minutes)
    night.faults.met["clock set forward"] += 1
    night.say(f"the clock is set forward by {minutes} min")
    await trio.sleep(40)


@move
async def connection_dropped(life: Life) -> None:
    """Somebody who listens is gone, others do something, and they are back."""
    listener = life.night.one(life.clients.listeners)
    listener.hang_up()
    life.night.faults.met["connection dropped"] += 1
    await steps(life)
    await life.clients.come(listener, life.nursery)


@move
async def role_changed(life: Life) -> None:
    """Somebody is staff no longer while they work, and is again."""
    night = life.night
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for roles in ([], ["staff"]):
            body = {"venue_id": VENUE, "roles": roles}
            KIND.set("give or take a role")
            try:
                staff, owner = await night.named("staff2"), await night.owner()
                path = f"/api/users/{staff.user_id}/roles"
                await night.prove(owner)
                await night.ask(owner, "PUT", path, body, again=False)
            except NoStep:
                continue
            night.faults.met["role changed"] += 1


@move
async def token_lost(life: Life) -> None:
    """Somebody signs out everywhere, in the middle of things."""
    night = life.night
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        KIND.set("sign out")
        try:
            patron = await night.patron()
            before = attrs.evolve(patron)
            body = {"all_devices": True}
            heard = await night.ask(patron, "POST", "/api/auth/logout", body, again=False)
        except NoStep:
            return
        night.faults.met["token lost"] += 1
        if heard.status == 204:
            night.ended.append(before)
