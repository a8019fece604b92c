"""What a lost commit must not take with it: emergencies, and the way to a graceful end."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.answers import ActorUnavailable, Answer, NodeStarting, OutcomeUnknown
from actors.runtime.node import Node
from protocol.errors import LastLightError
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.toy_commands import Add, Look, Shout
from tests.actors.runtime.toys import purse_of, toys
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import Running, World, open_memory_node


async def lose(running: Running, faults: JournalFaults) -> None:
    """Let the held commit fail, and wait for the node to be ready again."""
    faults.before = planted()
    faults.let_go()
    await wait_all_tasks_blocked()
    with trio.fail_after(60):
        await running.node.wait_ready()


async def test_an_emergency_that_was_left_outlives_the_loss_of_its_entry(
    autojump_clock: MockClock,
) -> None:
    """Its raiser was told 201 already: the next commit has to take what the lost one held."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        await ask(running.node, Add())
        faults.hold()
        running.node.leave(PURSE, Shout(), None)
        await wait_all_tasks_blocked()
        await lose(running, faults)
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 2


async def test_an_emergency_that_comes_while_the_node_resets_is_kept_until_it_is_taken(
    autojump_clock: MockClock,
) -> None:
    """Between a failed commit and the recovery the journal takes nothing; an SOS comes anyway."""
    world, faults = World(), JournalFaults()
    async with open_memory_node(world, toys(), hooks=faults) as running:
        await ask(running.node, Add())
        running.journal.recoveries_refused = 3
        faults.before = planted()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(try_to, running, Add())
            await wait_all_tasks_blocked()
            assert not running.node.ready
            running.node.leave(PURSE, Shout(), None)
        await running.node.wait_ready()
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 2


async def let_fail(faults: JournalFaults) -> None:
    """Let the held commit fail once all others wait."""
    await wait_all_tasks_blocked()
    faults.before = planted()
    faults.let_go()


async def try_to(running: Running, command: Add) -> None:
    """Ask, whatever comes of it."""
    try:
        await ask(running.node, command)
    except LastLightError:
        return


async def test_a_node_whose_disk_is_full_waits_for_room_and_goes_on(
    autojump_clock: MockClock,
) -> None:
    """A process that ends for it would end again at each start, and take no SOS."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        await ask(running.node, Add())
        running.journal.recoveries_refused = 3
        faults.before = planted()
        await try_to(running, Add())
        with trio.fail_after(60):
            await running.node.wait_ready()
        assert count_in(await ask(running.node, Add())) == 2


async def test_an_emergency_given_up_while_the_node_resets_is_not_done_behind_its_back(
    autojump_clock: MockClock,
) -> None:
    """Its caller was told that nothing was done; and a graceful end does not wait for it."""
    world, faults = World(), JournalFaults()
    async with open_memory_node(world, toys(), hooks=faults) as running:
        await ask(running.node, Add())
        await running.write_behind.wait_flushed(running.journal.durable)
        faults.hold()
        failed: list[LastLightError] = []

        async def shout() -> None:
            try:
                await running.node.ask(PURSE, Shout(), principal=None, deadline_s=1)
            except LastLightError as error:
                failed.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(shout)
            await wait_all_tasks_blocked()
            world.database.away = True
            faults.before = planted()
            faults.let_go()
        assert [type(error) for error in failed] == [ActorUnavailable]
        world.database.away = False
        await running.node.wait_ready()
        await trio.sleep(1)
        assert count_in(await ask(running.node, Look())) == 1
        with trio.fail_after(5):
            await running.node.drain()


async def test_an_emergency_given_up_in_its_mailbox_is_not_done_later(
    autojump_clock: MockClock,
) -> None:
    """503 means that nothing was done, and nothing will be: the gateway says it in other words."""
    async with open_memory_node(World(), toys()) as running:
        await ask(running.node, Add())
        running.journal.room_for = 1
        running.node.leave(PURSE, Add(), None)
        await wait_all_tasks_blocked()
        with pytest.raises(ActorUnavailable):
            await running.node.ask(PURSE, Shout(), principal=None, deadline_s=0.2)
        running.journal.room_for = None
        await trio.sleep(2)
        assert count_in(await ask(running.node, Look())) == 2


async def test_of_what_was_begun_and_lost_the_end_is_not_known(
    autojump_clock: MockClock,
) -> None:
    """503 is for what was not begun; whoever reads 504 asks again with the same key.

    Rule 17 full.
    """
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(let_fail, faults)
            with pytest.raises(OutcomeUnknown):
                await ask(running.node, Add())


async def test_a_graceful_end_does_not_wait_for_what_a_lost_commit_took(
    autojump_clock: MockClock,
) -> None:
    """It would use up all its time, and be killed before the rest is in the database."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        await ask(running.node, Add())
        faults.hold()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(try_to, running, Add())
            await wait_all_tasks_blocked()
            nursery.start_soon(let_fail, faults)
            with trio.fail_after(5):
                await running.node.drain()


async def test_a_graceful_end_waits_for_an_emergency_that_a_reset_carried_over(
    autojump_clock: MockClock,
) -> None:
    """It was taken, so it is answered."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        answers: list[Answer] = []

        async def shout() -> None:
            answers.append(await ask(running.node, Shout()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(shout)
            await wait_all_tasks_blocked()
            nursery.start_soon(running.node.drain)
            await wait_all_tasks_blocked()
            faults.before = planted()
            faults.let_go()
            with trio.fail_after(5):
                await running.node.drain()
            assert [answer.status for answer in answers] == [201]


async def test_a_node_that_ends_takes_nothing_more(autojump_clock: MockClock) -> None:
    """While its actors are being stopped, no other can begin: who asks is told so, and no more."""
    told: list[LastLightError] = []
    world = World()

    async def ask_to_the_last(node: Node) -> None:
        with trio.CancelScope(shield=True):
            for n in range(1, 1000):
                with trio.move_on_after(1):
                    try:
                        await ask(node, Look(), of=purse_of(n))
                    except LastLightError as error:
                        told.append(error)
                        return

    async with trio.open_nursery() as nursery, open_memory_node(world, toys()) as running:
        nursery.start_soon(ask_to_the_last, running.node)
        for _ in range(20):
            await trio.lowlevel.checkpoint()
    assert [type(error) for error in told] == [NodeStarting]
