"""What is past is forgotten, and what is not in the database is not."""

from __future__ import annotations

from uuid import UUID

import attrs
import trio
from trio.testing import MockClock

from actors.runtime.behaviour import Behaviour
from protocol.addresses import ActorKind, Address
from protocol.limits import ACTOR_IDLE_S
from protocol.reads import Among, Read
from protocol.records.runtime import Identity
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.toy_commands import Add, Look
from tests.actors.runtime.toys import purse_of, toys
from tests.twins.nodes import Running, World, open_memory_node

BUSY_S = 60.0


def forgetful() -> dict[ActorKind, Behaviour]:
    """Toys whose purses load no row any more, as if all were of the past."""
    kinds = toys()
    past = Read(Identity, by="id", where=(Among("email", ("nobody",)),))
    kinds[ActorKind.IDENTITY] = attrs.evolve(kinds[ActorKind.IDENTITY], reads=(past,))
    return kinds


def rows_of(running: Running, address: Address = PURSE) -> int:
    """How many rows an actor holds."""
    snapshot = running.node.snapshot(address)
    assert snapshot is not None
    return snapshot.statistics.rows


async def stay_busy(running: Running, seconds: float) -> None:
    """Look again and again, so that the actor is never idle for long."""
    with trio.move_on_after(seconds):
        while True:
            await ask(running.node, Look())
            await trio.sleep(BUSY_S)


async def test_an_actor_that_nobody_uses_is_let_go(autojump_clock: MockClock) -> None:
    """A hundred thousand guests of the past must not stay in memory."""
    async with open_memory_node(World(), toys()) as running:
        await ask(running.node, Add())
        await trio.sleep(ACTOR_IDLE_S + 60)
        assert running.node.snapshot(PURSE) is None
        assert count_in(await ask(running.node, Look())) == 1


async def test_a_row_of_the_past_leaves_an_actor_that_is_never_idle(
    autojump_clock: MockClock,
) -> None:
    """Else a venue, which never retires, holds every night that it ever had."""
    async with open_memory_node(World(), forgetful()) as running:
        await ask(running.node, Add())
        await stay_busy(running, ACTOR_IDLE_S + BUSY_S)
        assert rows_of(running) == 1
        await stay_busy(running, ACTOR_IDLE_S + BUSY_S)
        assert rows_of(running) == 0


async def test_a_row_that_a_load_would_bring_in_stays(autojump_clock: MockClock) -> None:
    """What an actor knows must not depend on how long it has been here."""
    async with open_memory_node(World(), toys()) as running:
        await ask(running.node, Add())
        await stay_busy(running, 4 * ACTOR_IDLE_S)
        assert rows_of(running) == 1


async def test_a_row_that_changes_is_not_of_the_past(autojump_clock: MockClock) -> None:
    """Somebody still works with it: a quarter of an hour counts from the last change."""
    async with open_memory_node(World(), forgetful()) as running:
        for _ in range(6):
            await ask(running.node, Add())
            await stay_busy(running, ACTOR_IDLE_S / 2)
        assert rows_of(running) == 1
        assert count_in(await ask(running.node, Look())) == 6


async def test_nothing_is_forgotten_that_the_database_does_not_hold(
    autojump_clock: MockClock,
) -> None:
    """A row that was refused, or waits for the database to come back, is nowhere else."""
    world = World()
    world.database.refuses = lambda row: isinstance(row, Identity) and row.id == PURSE.id
    async with open_memory_node(world, forgetful()) as running:
        await ask(running.node, Add())
        await ask(running.node, Add(), of=purse_of(5))
        await trio.sleep(1)
        world.database.away = True
        await ask(running.node, Add(), of=purse_of(5))
        await trio.sleep(4 * ACTOR_IDLE_S)
        assert rows_of(running) == 1
        assert rows_of(running, Address(ActorKind.IDENTITY, UUID(int=5))) == 1
