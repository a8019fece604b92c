"""How a night is played: its moves, over as many lives of the node as there are crashes.

It ends quiet: everything is healed, everybody is answered, everything pending finishes within its
bound, and the oracle has its last look.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from random import Random

import trio
from trio.testing import MockClock

from actors.runtime import actor as acting
from actors.runtime import handling
from actors.runtime.actor import Actor
from actors.runtime.mailbox import Envelope
from actors.runtime.outcome import Outcome, Send
from lastlight.integrations.performing import Performing
from protocol.messages import Message
from tests.replacing import replaced
from tests.simulation import trouble_outside, trouble_people
from tests.simulation.clients import Clients
from tests.simulation.databases import FaultyDatabase
from tests.simulation.disks import KeepingDisk
from tests.simulation.life import MOVES, Life, NodeEnds
from tests.simulation.moves import begin_evening, finish
from tests.simulation.night import CHANCE, Night
from tests.simulation.plan import Move, Plan
from tests.simulation.seeded import everything_random_from, take_turns_by
from tests.simulation.trouble import away_for_long
from tests.simulation.workload import cards
from tests.simulation.worlds import again, steady_secrets
from tests.twins import nodes
from tests.twins.journal import open_memory_journal
from tests.twins.nodes import World
from tests.twins.whole import open_memory_last_light

TABLES = (trouble_outside, trouble_people)
"""Imported for their moves."""
RETENTION_S = 1800
"""The journal keeps what is flushed for half an hour or not at all: it is seen to let go."""
BACKUP_EVERY = 4
NIGHT_MAX_S = 24 * 3600


def play(plan: Plan, founded: World) -> Night:
    """Play a night in a copy of a founded world.

    Raises:
        Exception: something did not hold; what happened is in its notes.
    """
    world = again(founded)
    world.clock.step += timedelta(minutes=plan.forward_minutes)
    night = Night.of(plan, world)
    with everything_random_from(plan.seed), steady_secrets(), _faults_in_place(night):
        try:
            trio.run(partial(_in_time, night), clock=MockClock(autojump_threshold=0))
        except BaseException as error:
            error.__dict__["night"] = night
            raise
    return night


@contextmanager
def _faults_in_place(night: Night) -> Iterator[None]:
    """Where the node has no hook of its own, its seams are wrapped while the night lasts."""
    faults, world = night.faults, night.world
    handle, decision, perform = handling.handle, handling._decision, Performing.perform

    async def handled(actor: Actor, envelope: Envelope) -> None:
        await faults.before_handling()
        await handle(actor, envelope)

    def decided(actor: Actor, envelope: Envelope, now: object) -> Outcome:
        faults.before_deciding(envelope)
        return decision(actor, envelope, now)  # type: ignore[arg-type]

    async def performed(performing: Performing, message: Message) -> Sequence[Send]:
        await faults.before_performing(message)
        told = await perform(performing, message)
        faults.after_performing(message)
        return told

    assert isinstance(world.database, FaultyDatabase)
    assert isinstance(world.disk, KeepingDisk)
    faults.written = world.disk.remember
    world.effects.trouble = faults.in_performing
    world.database.met = world.provider.met = partial(_count, night)
    retention_s = -1.0 if night.seed % 3 == 0 else RETENTION_S
    short = partial(open_memory_journal, retention_s=retention_s)
    with (
        replaced(acting, "handle", handled),
        replaced(handling, "_decision", decided),
        replaced(Performing, "perform", performed),
        replaced(nodes, "open_memory_journal", short),
    ):
        yield


def _count(night: Night, fault: str) -> None:
    night.faults.met[fault] += 1


async def _in_time(night: Night) -> None:
    with trio.move_on_after(NIGHT_MAX_S) as bound:
        await _play(night)
    assert not bound.cancelled_caught, "something is waited for that never comes"


async def _play(night: Night) -> None:
    moves = deque(night.plan.moves)
    clients = Clients(night)
    first = True
    while moves or first:
        _set_up_database(night)
        # The fault may come while the node is not yet up.
        with trio.CancelScope() as living:
            night.faults.crash = living.cancel
            async with _a_life(night, clients) as life:
                if first:
                    await begin_evening(life)
                    first = False
                lives = await _evening(life, moves)
                if lives:
                    await cards.let_banks_end(night)
                    await finish(life)
                    return
        if living.cancelled_caught:
            night.say("the node dies")
        clients.read_journal()
        away_for_long(night)
    # The last thing that happened was the node's end: whatever it left must come to its own.
    night.faults.healed = True
    _set_up_database(night)
    async with _a_life(night, clients) as life:
        await cards.let_banks_end(night)
        await finish(life)


def _set_up_database(night: Night) -> None:
    database, rates = night.world.database, night.plan.rates
    assert isinstance(database, FaultyDatabase)
    healed = night.faults.healed
    database.away, database.lose_answers = False, 0
    database.slow = 0.0 if healed else rates["database slow"]
    database.failing = 0.0 if healed else rates["database failed"]


@asynccontextmanager
async def _a_life(night: Night, clients: Clients) -> AsyncIterator[Life]:
    """A node from its start to its end; to be cancelled is a crash."""
    async with open_memory_last_light(night.world, hooks=night.faults) as house:
        night.say("a node begins")
        night.move_to(house)
        house.journal.met = partial(_count, night)
        async with trio.open_nursery() as nursery:
            try:
                yield Life(night=night, house=house, clients=clients, nursery=nursery)
            finally:
                clients.all_leave()
                nursery.cancel_scope.cancel()


async def _evening(life: Life, moves: deque[Move]) -> bool:
    """Make moves until there are none; False if this node is over before that."""
    night = life.night
    try:
        await life.ask_again()
        await life.clients.all_come(life.nursery)
        done = 0
        while moves:
            move = moves.popleft()
            _begin_move(night, move)
            night.say(f"-- {move.kind}")
            await MOVES[move.kind](life)
            done += 1
            if done % BACKUP_EVERY == 1:
                life.back_up()
    except NodeEnds:
        night.say("the node is gone")
        return False
    return True


def _begin_move(night: Night, move: Move) -> None:
    CHANCE.set(Random(move.seed))
    take_turns_by(move.seed)
    night.faults.chance.seed(move.seed + 1)
    database = night.world.database
    assert isinstance(database, FaultyDatabase)
    database.chance.seed(move.seed + 2)
