"""The gate lets out what became durable, in the order of the journal and nothing before it."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.gate import Gate
from protocol.journal import Urgency
from tests.twins.journal import MemoryDisk, MemoryJournal, open_memory_journal
from tests.twins.journal_faults import JournalFaults
from tests.twins.outside import TrioClock


async def slow_pass(journal: MemoryJournal, gate: Gate, clock: MockClock, out: list[str]) -> None:
    """Hold a slow output and one more at the same place, and let the gate begin with them."""
    position = journal.append_nowait(b"entry", urgency=Urgency.COMMAND).n

    def slow() -> None:
        clock.jump(1)
        out.append("slow")

    gate.pass_out(position, slow)
    gate.pass_out(position, lambda: out.append("old"))


async def test_what_comes_later_does_not_overtake_what_is_on_its_way_out(
    mock_clock: MockClock,
) -> None:
    """Of ephemeral events the newest wins, so an older one must never come after it."""
    faults, out = JournalFaults(), list[str]()
    async with (
        open_memory_journal(MemoryDisk(), clock=TrioClock(), hooks=faults) as journal,
        trio.open_nursery() as nursery,
    ):
        gate = Gate(journal)
        nursery.start_soon(gate.run)
        await slow_pass(journal, gate, mock_clock, out)
        while not out:
            await trio.lowlevel.checkpoint()
        gate.pass_out(gate.durable, lambda: out.append("new"))
        await wait_all_tasks_blocked()
        assert out == ["slow", "old", "new"]
        nursery.cancel_scope.cancel()


async def test_what_is_waited_for_has_left(mock_clock: MockClock) -> None:
    """A graceful end that waits for less cuts off answers which were already durable."""
    out = list[str]()
    async with (
        open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal,
        trio.open_nursery() as nursery,
    ):
        gate = Gate(journal)
        nursery.start_soon(gate.run)
        await slow_pass(journal, gate, mock_clock, out)
        while not out:
            await trio.lowlevel.checkpoint()
        await gate.wait_durable(gate.durable)
        assert out == ["slow", "old"]
        nursery.cancel_scope.cancel()
