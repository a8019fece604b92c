"""What a night is made of: people doing things, alone and at once, time, and what goes wrong.

Each move is a function in a table; a plan names them. A move that ends the node raises `NodeEnds`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any, Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

import actors.runtime.mailbox
from actors.runtime import housekeeping
from protocol.entries import decode_message
from protocol.errors import LastLightError
from protocol.records.runtime import DeadLetter
from protocol.records.venues import Venue
from tests.simulation.clients import Clients
from tests.simulation.databases import FaultyDatabase
from tests.simulation.disks import KeepingDisk
from tests.simulation.night import CHANCE, ELSEWHERE, KIND, Night, NoStep
from tests.simulation.oracle.laws import assert_laws
from tests.simulation.oracle.liveness import assert_everything_finished
from tests.simulation.workload import (
    admin,
    care,
    chores,
    money,
    people,
    places,
    reading,
    trespass,
    visits,
    work,
)
from tests.simulation.workload.steps import STEPS
from tests.simulation.worlds import SECOND_TZ
from tests.twins.people import VENUE
from tests.twins.whole import LastLight

TABLES: Final = (admin, care, chores, money, people, places, reading, trespass, visits, work)
"""Imported for their steps."""
NAMES: Final = tuple(STEPS)
FAVOUR: Final = 40
"""How much more often the step is taken that a night is in favour of."""
AT_ONCE_MAX: Final = 7
ELSEWHERE_SHARE: Final = 0.12
SETTLED_S: Final = 5
SETTLED_MAX_S: Final = 600
FINISHED_MINUTES: Final = 100
"""Longer than anything pending may take: a payment that nobody makes is void after an hour."""
UNDER_WAY: Final = ("processing", "requires_action")
WHOLE_MINUTES_MAX: Final = 3
SKIPPED_MINUTES: Final = 14


class NodeEnds(Exception):
    """This life of the node is over."""


@attrs.define(eq=False, kw_only=True)
class Life:
    """One life of the node, and who is connected to it."""

    night: Night
    house: LastLight
    clients: Clients
    nursery: trio.Nursery
    backups: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def database(self) -> FaultyDatabase:
        """The database, which outlives it."""
        database = self.night.world.database
        assert isinstance(database, FaultyDatabase)
        return database

    def back_up(self) -> None:
        """Keep the database as it is now."""
        self.night.backups.append(self.database.backup())
        del self.night.backups[:-2]

    async def ask_again(self) -> None:
        """Everybody who waits for an answer asks again, by the same key."""
        for _, _, sent in [*self.night.unanswered.values()]:
            KIND.set(sent.kind)
            try:
                await self.night.send(sent, again=False)
            except NoStep:
                continue


Move = Callable[[Life], Awaitable[None]]
MOVES: Final[dict[str, Move]] = {}


def move(function: Move) -> Move:
    """Put a move into the table, under its function's name."""
    MOVES[function.__name__.replace("_", " ")] = function
    return function


async def begin_evening(life: Life) -> None:
    """People come to work, and the first guests arrive."""
    night = life.night
    await life.clients.invite()
    for name in ("clock in", "clock in", "open a till", *["check in"] * night.one((1, 2, 4))):
        await take(night, name)
        await life.house.wait_flushed()


def weights_of(seed: int) -> list[int]:
    """How often each kind is taken in a night, which is in favour of one of them."""
    name = NAMES[seed % len(NAMES)]
    return [weight + FAVOUR * (kind == name) for kind, (weight, _) in STEPS.items()]


async def take(night: Night, name: str, seed: int | None = None) -> None:
    """Take one step."""
    if seed is not None:
        CHANCE.set(Random(seed))
        ELSEWHERE.set(night.random.random() < ELSEWHERE_SHARE)
    KIND.set(name)
    night.steps += 1
    try:
        await STEPS[name][1](night)
    except NoStep:
        night.say(f"nothing to {name} with")


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
            if house.write_behind.flushed == house.journal.last and not await _replay(life):
                break
    assert not bound.cancelled_caught, (
        f"flushed up to {house.write_behind.flushed.n} of {house.journal.last.n}, for ever"
    )
    assert isinstance(night.world.disk, KeepingDisk)
    night.world.disk.remember()


async def _replay(life: Life) -> bool:
    """The operator sends again what failed as was planted; whether there was anything."""
    letters = life.database.table(DeadLetter)
    found = [row for row in letters.values() if row.replayable and "planted" in row.error]
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
    provider = night.world.provider
    provider.away, provider.hangs, provider.early = False, None, None
    for intent in [one for one in provider.intents.values() if one.status in UNDER_WAY]:
        night.one((provider.pays, provider.declines))(intent.id)
    zone = ZoneInfo(SECOND_TZ)
    offsets = [at.astimezone(zone).utcoffset() for at in (night.began, night.now)]
    night.faults.met["clock changed by law"] += offsets[0] != offsets[1]
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
    provider, journal = life.night.world.provider, life.house.journal
    life.database.away = False
    provider.away, provider.early = False, None
    if provider.hangs is not None:
        provider.hangs.set()
        provider.hangs = None
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
        await trio.sleep(0.5)
        faults.rates = before
    await _heal(life)


@move
async def mailbox_full(life: Life) -> None:
    """Actors take one command at a time."""
    life.night.faults.met["mailbox full"] += 1
    with patch.object(actors.runtime.mailbox, "MAILBOX_COMMANDS_MAX", new=1):
        await steps(life)


@move
async def actors_retired(life: Life) -> None:
    """Whoever rests is let go of at once, again and again, also in the middle of sagas."""
    night = life.night
    over = False

    async def let_go() -> None:
        while not over:
            generation = life.house.node._generation
            for actor in [] if generation is None else [*generation.actors.values()]:
                if housekeeping._is_at_rest(generation, actor) and housekeeping._retire(  # type: ignore[arg-type]
                    generation,  # type: ignore[arg-type]
                    actor,
                ):
                    night.faults.met["actors retired"] += 1
            await trio.sleep(0.02)

    with patch.object(housekeeping, "ACTOR_IDLE_S", new=0.0):
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
    staff = await night.named("staff2")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(steps, life)
        for roles in ([], ["staff"]):
            owner = await night.owner()
            await night.prove(owner)
            body = {"venue_id": VENUE, "roles": roles}
            path = f"/api/users/{staff.user_id}/roles"
            KIND.set("give or take a role")
            try:
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
        patron = await night.patron()
        KIND.set("sign out")
        try:
            await night.ask(patron, "POST", "/api/auth/logout", {"all_devices": True}, again=False)
        except NoStep:
            return
        night.faults.met["token lost"] += 1


async def _open_the_doors(night: Night) -> None:
    (venue,) = night.rows(Venue, lambda row: str(row.id) == VENUE)
    KIND.set("open or close the doors")
    try:
        await admin.set_the_doors(night, venue, "open", 600)
    except NoStep:
        return
    night.shut = False
