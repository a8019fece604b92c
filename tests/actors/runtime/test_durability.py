"""Nothing leaves the node before what it rests on is durable, and nothing is flushed twice."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.answers import Answer
from protocol.records.platform import IdempotencyKey
from protocol.records.runtime import Identity
from tests.actors.runtime.asking import PURSE, ask, count_in, key
from tests.actors.runtime.toy_commands import (
    Add,
    GoOut,
    Look,
    Peek,
)
from tests.actors.runtime.toys import purse_of, toys
from tests.twins.journal_faults import JournalFaults
from tests.twins.nodes import World, open_memory_node


async def test_an_answer_leaves_only_when_its_entry_is_durable(autojump_clock: MockClock) -> None:
    """The promise: what is answered is true for ever, so nothing leaves before the commit.

    Rule 17 durable_first.
    """
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        answers: list[Answer] = []

        async def one() -> None:
            answers.append(await ask(running.node, Add()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            await wait_all_tasks_blocked()
            assert answers == []
            faults.let_go()
        assert [answer.status for answer in answers] == [201]


async def test_a_read_waits_for_the_write_that_it_saw(autojump_clock: MockClock) -> None:
    """Else a client could see a balance that a crash takes back."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        seen: list[int] = []

        async def read() -> None:
            seen.append(count_in(await ask(running.node, Look())))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, running.node, Add())
            await wait_all_tasks_blocked()
            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            assert seen == []
            faults.let_go()
        assert seen == [1]


async def test_what_another_actor_shares_is_not_told_before_it_is_durable(
    autojump_clock: MockClock,
) -> None:
    """A price that a crash takes back was never the price, whoever was asked for it."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        seen: list[int] = []

        async def peek() -> None:
            other = purse_of(7)
            seen.append(count_in(await ask(running.node, Peek(purse=PURSE.id), of=other)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, running.node, Add())
            await wait_all_tasks_blocked()
            nursery.start_soon(peek)
            await wait_all_tasks_blocked()
            assert seen == []
            faults.let_go()
        assert seen == [1]


async def test_an_effect_waits_for_its_entry(autojump_clock: MockClock) -> None:
    """A message to somebody's phone can't be taken back when the commit is lost."""
    world, faults = World(), JournalFaults()
    async with (
        open_memory_node(world, toys(), hooks=faults) as running,
        trio.open_nursery() as nursery,
    ):
        faults.hold()
        nursery.start_soon(ask, running.node, GoOut())
        await wait_all_tasks_blocked()
        assert world.effects.done == []
        faults.let_go()
        await wait_all_tasks_blocked()
        assert len(world.effects.done) == 1


async def test_an_effect_is_done_after_its_entry_and_over_a_crash(
    autojump_clock: MockClock,
) -> None:
    """At least once, never before it is durable, and not again once it is noted as done."""
    world = World()
    world.effects.hangs = trio.Event()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, GoOut())
        await wait_all_tasks_blocked()
    assert world.effects.done == []
    world.effects.hangs = None
    for _ in range(2):
        async with open_memory_node(world, toys()) as running:
            await trio.sleep(5)
            await running.write_behind.wait_flushed(running.journal.durable)
    assert len(world.effects.done) == 1


async def test_a_flush_whose_answer_was_lost_is_not_done_again(autojump_clock: MockClock) -> None:
    """The position moves with the rows, so what happened unseen is found and not repeated."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        world.database.lose_answers = 1
        for _ in range(3):
            await ask(running.node, Add(), scope=key(str(trio.current_time())))
            await trio.sleep(1)
        await running.write_behind.wait_flushed(running.journal.durable)
    (purse,) = world.database.table(Identity).values()
    assert purse.version == 3
    assert len(world.database.table(IdempotencyKey)) == 3
