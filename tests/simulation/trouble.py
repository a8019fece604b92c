"""Moves in which something goes wrong. One that ends the node raises `NodeEnds`, or is cut off."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Final

import trio

import actors.runtime.mailbox as mailbox_module
from actors.runtime import housekeeping
from actors.runtime.answers import ActorUnavailable
from actors.runtime.mailbox import Envelope, Mailbox
from protocol.addresses import Address
from protocol.journal import Urgency
from protocol.records.safety import Incident
from tests.replacing import replaced
from tests.simulation.databases import FaultyDatabase
from tests.simulation.life import Life, NodeEnds, move, take
from tests.simulation.moves import steps, steps_meanwhile
from tests.simulation.night import Night
from tests.twins.people import Heard

SHARES: Final = (
    frozenset({Urgency.EMERGENCY}),
    frozenset({Urgency.EMERGENCY}),
    frozenset({Urgency.EMERGENCY, Urgency.INTERNAL}),
    frozenset[Urgency](),
)
"""What a full journal takes all the same: a full disk, a share that is used up, all of them."""
WRITTEN_WITHIN_S: Final = 300

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


@move
async def database_away(life: Life) -> None:
    """It is away for some seconds, or loses answers; who works goes on."""
    life.database.lose_answers = life.night.one((0, 1, 2))
    life.database.away = True
    await steps_meanwhile(life, (1, 10, 25))


@move
async def journal_full(life: Life) -> None:
    """There is room for some more entries, and then for emergencies at most; somebody needs it."""
    journal, seed = life.house.journal, life.night.random.getrandbits(32)
    journal.room_for = life.night.one((0, 0, 1, 2, 5))
    journal.taken_beyond = life.night.one(SHARES)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_press_when_full, life, seed)
        await steps_meanwhile(life, (1, 5, 30))


async def _press_when_full(life: Life, seed: int) -> None:
    """An SOS is written down where nothing else is (Rule 8), now or as soon as its venue is there.

    But for one that was made to fail as it was decided: the operator has that done again.
    """
    night, journal = life.night, life.house.journal
    raised, began = night.faults.met["decision raised"], night.now
    heard = await take(night, "raise an sos", seed)
    full = journal.room_for == 0 and Urgency.EMERGENCY in journal.taken_beyond
    if not full or not isinstance(heard, Heard) or heard.status >= 300:
        return
    night.faults.met["SOS in a full journal"] += 1
    pressed = next(one.sent for one in reversed(night.answered) if one.heard is heard)
    raised_by = night.people[pressed.name].user_id
    for _ in range(WRITTEN_WITHIN_S):
        # A press may join an incident of the same person.
        found = night.rows(Incident, lambda row: row.last_press_at >= began)
        if raised_by in {str(row.raised_by) for row in found}:
            return
        await trio.sleep(1)
    assert night.faults.met["decision raised"] > raised, f"this alarm is lost: {heard}"


@move
async def disk_stays_full(life: Life) -> None:
    """A commit finds no room, and so do the first tries to go on."""
    faults = life.night.faults
    life.house.journal.recoveries_refused = life.night.one((1, 2, 4))
    faults.rates, before = {**faults.rates, "commit failed": 1.0}, faults.rates
    faults.failing = sqlite3.SQLITE_FULL
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        try:
            await trio.sleep(0.5)
        finally:
            # The node may die meanwhile, and the next one must be able to begin.
            faults.rates, faults.failing = before, sqlite3.SQLITE_ERROR
    life.heal()


@move
async def mailbox_full(life: Life) -> None:
    """Actors take one command at a time."""
    put = Mailbox.put

    def counted(mailbox: Mailbox, envelope: Envelope, address: Address) -> None:
        try:
            put(mailbox, envelope, address)
        except ActorUnavailable:
            life.night.faults.met["mailbox full"] += 1
            raise

    with replaced(mailbox_module, "MAILBOX_COMMANDS_MAX", 1), replaced(Mailbox, "put", counted):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps, life)
            nursery.start_soon(steps, life)


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
async def clock_set_forward(life: Life) -> None:
    """The machine's clock is set forward, not by time that passes."""
    night = life.night
    minutes = night.one((0.1, 1, 8, 40, 170))
    night.world.clock.step += timedelta(minutes=minutes)
    night.faults.met["clock set forward"] += 1
    night.say(f"the clock is set forward by {minutes} min")
    await trio.sleep(40)


@move
async def clock_set_back(life: Life) -> None:
    """The machine's clock went ahead, and is set right."""
    night = life.night
    minutes = night.one((0.1, 1, 8, 40))
    night.world.clock.step -= timedelta(minutes=minutes)
    night.faults.met["clock set back"] += 1
    night.say(f"the clock is set back by {minutes} min")
    if night.perhaps(0.5):
        await steps(life)
    await trio.sleep(40)
