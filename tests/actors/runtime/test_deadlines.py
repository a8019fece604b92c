"""When those who ask are told that their answer is late (Rule 17)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.answers import OutcomeUnknown
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.toy_commands import Add, Look
from tests.actors.runtime.toys import toys
from tests.twins.journal_faults import JournalFaults
from tests.twins.nodes import Running, World, open_memory_node


async def wait_in_vain(running: Running, wait_s: float, told_at: dict[float, float]) -> None:
    """Ask for what is not durable in time, and note when that is told."""
    with pytest.raises(OutcomeUnknown):
        await running.node.ask(PURSE, Add(), principal=None, deadline_s=wait_s)
    told_at[wait_s] = trio.current_time()


async def test_each_caller_hears_at_its_own_deadline(autojump_clock: MockClock) -> None:
    """One task watches for all, and a caller in a hurry may come after one who is patient."""
    faults = JournalFaults()
    told_at: dict[float, float] = {}
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        await ask(running.node, Add())
        faults.hold()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for wait_s in (5.0, 1.0, 3.0):
                nursery.start_soon(wait_in_vain, running, wait_s, told_at)
                await wait_all_tasks_blocked()
        assert {wait_s: at - began for wait_s, at in told_at.items()} == {
            wait_s: pytest.approx(wait_s) for wait_s in (1.0, 3.0, 5.0)
        }
        faults.let_go()
        # What was told late was done all the same: that is what "unknown" means.
        assert count_in(await ask(running.node, Look())) == 4


async def test_a_caller_who_leaves_is_forgotten(autojump_clock: MockClock) -> None:
    """A client that is cut off takes its question along; what it asked for may still be done."""
    faults = JournalFaults()
    async with open_memory_node(World(), toys(), hooks=faults) as running:
        faults.hold()
        with trio.move_on_after(1):
            await ask(running.node, Add())
        faults.let_go()
        with trio.fail_after(1):
            await running.node.drain()
