"""What a night is made of: people doing things, alone and at once, time, and quiet moments.

Each move is a function in a table; a plan names them. What goes wrong is in `trouble.py`.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import trio
from trio.testing import wait_all_tasks_blocked

from protocol.entries import decode_message
from protocol.errors import LastLightError
from protocol.records.runtime import DeadLetter
from protocol.records.venues import Venue
from tests.simulation.disks import KeepingDisk
from tests.simulation.faults import was_planted
from tests.simulation.life import (
    AT_ONCE_MAX,
    FINISHED_MINUTES,
    NAMES,
    SETTLED_MAX_S,
    SETTLED_S,
    SKIPPED_MINUTES,
    UNDER_WAY,
    WHOLE_MINUTES_MAX,
    Life,
    move,
    take,
    weights_of,
)
from tests.simulation.night import CHANCE, ELSEWHERE, KIND, Night, NoStep
from tests.simulation.oracle.laws import assert_laws
from tests.simulation.oracle.liveness import assert_everything_finished
from tests.simulation.workload import (
    admin,
)
from tests.simulation.worlds import SECOND_TZ
from tests.twins.people import VENUE

SMALL = 0.2
"""Part of the nights in a house that is soon full."""
CAPACITY = 600


async def begin_evening(life: Life) -> None:
    """People come to work, and the first guests arrive."""
    night = life.night
    await life.clients.invite()
    if night.perhaps(SMALL):
        await _open_the_doors(night, capacity=night.one((4, 6, 9)))
        await life.house.wait_flushed()
    for name in ("clock in", "clock in", "open a till", *["check in"] * night.one((1, 2, 4))):
        await take(night, name)
        await life.house.wait_flushed()


@move
async def steps(life: Life) -> None:
    """Some steps, now and then at the same moment."""
    night = life.night
    names = night.random.choices(NAMES, weights_of(night.seed), k=night.one((2, 4, AT_ONCE_MAX)))
    seeds = [night.random.getrandbits(32) for _ in names]
    if night.shut and night.perhaps(0.5):
        await _open_the_doors(night)
    async with trio.open_nursery() as nursery:
        for name, seed in zip(names, seeds, strict=True):
            nursery.start_soon(take, night, name, seed)


async def steps_meanwhile(life: Life, seconds: tuple[float, ...]) -> None:
    """Everybody goes on for so long with what is wrong, and then it is mended."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        await trio.sleep(life.night.one(seconds))
        life.night.say("that is over")
        life.heal()


@move
async def time(life: Life) -> None:
    """Seconds to hours."""
    minutes = life.night.one((0.1, 0.5, 1, 1, 3, 3, 8, 17, 40))
    life.night.say(f"{minutes} min pass")
    await _let_pass(life.night, minutes)


async def _let_pass(night: Night, minutes: float) -> None:
    """Wait. Of a long while most is skipped, a quarter of an hour at a time: meters tick less."""
    while minutes > WHOLE_MINUTES_MAX:
        night.world.clock.step += timedelta(minutes=SKIPPED_MINUTES)
        await trio.sleep(60)
        minutes -= SKIPPED_MINUTES + 1
    await trio.sleep(60 * max(minutes, 0))


@move
async def come_back(life: Life) -> None:
    """Who gave up asks again, perhaps hours later; others ask for what they were told."""
    await life.ask_again()
    await take(life.night, "ask for an old answer")


@move
async def look(life: Life) -> None:
    """A quiet moment: what is under way comes to its end, and the oracle looks."""
    night = life.night
    night.faults.healed, before = True, night.faults.healed
    database = life.database
    rates, (database.slow, database.failing) = (database.slow, database.failing), (0.0, 0.0)
    life.heal_provider()
    await trio.sleep(SETTLED_S)
    await life.ask_again()
    await _settle(life)
    night.say("looking")
    assert_laws(night)
    await life.clients.assert_rooms_are_as_they_are()
    night.faults.healed = before
    database.slow, database.failing = rates


async def _settle(life: Life) -> None:
    """Wait until all that was begun is over, written and told.

    Raises:
        AssertionError: that takes longer than anything may.
    """
    house, night = life.house, life.night
    with trio.move_on_after(SETTLED_MAX_S) as bound:
        while True:
            await house.wait_flushed()
            await wait_all_tasks_blocked()
            if house.node.effects():
                await trio.sleep(1)  # One that failed has to be tried again.
            elif house.write_behind.flushed == house.journal.last and not await _replay(life):
                break
    assert not bound.cancelled_caught, (
        f"flushed up to {house.write_behind.flushed.n} of {house.journal.last.n}, for ever"
    )
    assert isinstance(night.world.disk, KeepingDisk)
    night.world.disk.remember()


async def _replay(life: Life) -> bool:
    """The operator sends again what failed as was planted; whether there was anything."""
    letters = life.database.table(DeadLetter)
    hung = life.night.faults.hung
    found = [row for row in letters.values() if row.replayable and was_planted(row, hung)]
    for letter in sorted(found, key=lambda row: str(row.message_id)):
        life.night.say(f"the operator sends {letter.command} again")
        try:
            life.house.node.replay(letter.message_id, decode_message(letter.payload))
        except LastLightError:
            await trio.sleep(1)
            continue
        life.night.met["replayed"] += 1
    if found:
        await trio.sleep(SETTLED_S)
    return bool(found)


async def finish(life: Life) -> None:
    """Heal everything; what is pending has its bound, and then all is quiet and true."""
    night, database = life.night, life.database
    CHANCE.set(Random(night.seed + 1))
    ELSEWHERE.set(False)
    night.faults.healed = True
    database.away, database.slow, database.failing = False, 0.0, 0.0
    life.heal_provider()
    provider = night.world.provider
    for intent in [one for one in provider.intents.values() if one.status in UNDER_WAY]:
        night.one((provider.pays, provider.declines))(intent.id)
    night.say("-- all is healed")
    await life.ask_again()
    await trio.sleep(240)
    await life.ask_again()
    await _settle(life)
    assert_laws(night)
    await _let_pass(night, FINISHED_MINUTES)
    await life.clients.all_come(life.nursery)
    await trio.sleep(SETTLED_S)
    await _settle(life)
    night.say("the last look")
    assert_laws(night)
    assert_everything_finished(night)
    await life.clients.assert_rooms_are_as_they_are()
    await life.clients.assert_told_the_same()
    zone = ZoneInfo(SECOND_TZ)
    offsets = [at.astimezone(zone).utcoffset() for at in (night.began, night.now)]
    night.faults.met["clock changed by law"] += offsets[0] != offsets[1]


async def _open_the_doors(night: Night, capacity: int = CAPACITY) -> None:
    (venue,) = night.rows(Venue, lambda row: str(row.id) == VENUE)
    KIND.set("open or close the doors")
    try:
        await admin.set_the_doors(night, venue, "open", capacity)
    except NoStep:
        return
    night.shut = False
