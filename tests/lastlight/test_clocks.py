"""A node's clock follows the machine's, and bears it that somebody sets that one back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastlight.clocks import SystemClock, start_after, system_ids
from protocol.addresses import OUTSIDE
from protocol.entries import Entry, encode_entry
from protocol.journal import Urgency
from storage.journal.opening import open_journal

SECOND = 1_000_000_000
OPENING = 1_700_000_000 * SECOND


@attrs.define
class Machine:
    """Two clocks: one that people set, and one that only counts."""

    wall_ns: int = OPENING
    steady_ns: int = 77 * SECOND

    def passes(self, seconds: float) -> None:
        """Time passes for both."""
        self.wall_ns += round(seconds * SECOND)
        self.steady_ns += round(seconds * SECOND)

    def clock(self) -> SystemClock:
        """A node's clock on this machine."""
        return SystemClock(lambda: self.wall_ns, lambda: self.steady_ns)


def test_it_is_the_machines_clock_also_when_that_is_set_forward() -> None:
    """What is shown is what people see on their watches."""
    machine = Machine()
    clock = machine.clock()
    for seconds in (0.0, 0.25, 3600.0):
        machine.passes(seconds)
        machine.wall_ns += 40 * SECOND
        assert clock.now() == datetime.fromtimestamp(machine.wall_ns / SECOND, UTC)


def test_set_back_it_goes_on_and_is_caught_up_with() -> None:
    """Rule 8: an alarm is made louder in time, and its raiser's token counts."""
    machine = Machine()
    clock = machine.clock()
    before = clock.now()
    machine.wall_ns -= 60 * SECOND
    assert clock.now() == before
    machine.passes(20)
    assert clock.now() == before + timedelta(seconds=18)
    machine.passes(580)
    assert clock.now() == before + timedelta(seconds=540)
    machine.passes(1)
    assert clock.now() == before + timedelta(seconds=541)


def test_it_starts_no_earlier_than_the_process_before_it_ended() -> None:
    """Who signed in before a restart is known after it, though the machine woke up in the past."""
    machine = Machine()
    clock = machine.clock()
    ended = clock.now() + timedelta(seconds=30)
    clock.start_at(ended)
    assert clock.now() == ended
    machine.passes(10)
    assert clock.now() == ended + timedelta(seconds=9)
    clock.start_at(ended)
    assert clock.now() == ended + timedelta(seconds=9)


@pytest.mark.parametrize(
    ("behind", "waits"),
    [
        (timedelta(seconds=-5), False),
        (timedelta(seconds=30), True),
        (timedelta(hours=1), True),
        (timedelta(days=365), False),
    ],
    ids=["it goes right", "some seconds", "an hour", "the journal is of the future"],
)
async def test_a_machine_that_woke_up_in_the_past_is_told_by_the_journal(
    tmp_path: Path, behind: timedelta, waits: bool
) -> None:
    """But once a year was wrong by mistake, a restart must be the way out of it."""
    machine = Machine()
    ended = machine.clock().now() + behind
    entry = Entry(actor=OUTSIDE, at=ended, cause=None)
    async with open_journal(tmp_path, clock=machine.clock()) as journal:
        journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
    clock = machine.clock()
    async with open_journal(tmp_path, clock=clock) as journal:
        await start_after(journal, clock)
    assert clock.now() == (ended if waits else machine.clock().now())


@pytest.mark.parametrize("data", [(), (b"no entry",)], ids=["nothing", "what nobody can read"])
async def test_a_journal_that_tells_no_time_changes_none(
    tmp_path: Path, data: tuple[bytes, ...]
) -> None:
    """The first start of a node, and one that recovery will refuse with what to do."""
    clock = Machine().clock()
    before = clock.now()
    async with open_journal(tmp_path, clock=clock) as journal:
        for one in data:
            await journal.wait_durable(journal.append_nowait(one, urgency=Urgency.COMMAND))
        await start_after(journal, clock)
    assert clock.now() == before


@given(st.lists(st.tuples(st.floats(0, 5000), st.integers(-4000, 4000)), max_size=30))
def test_it_never_goes_back_and_never_stands_still(moves: list[tuple[float, int]]) -> None:
    """However often it is set, and by whom: an hour in which nobody is charged is no hour."""
    machine = Machine()
    clock = machine.clock()
    last = clock.now()
    for seconds, step in moves:
        machine.passes(seconds)
        machine.wall_ns += step * SECOND
        now = clock.now()
        assert now - last >= timedelta(seconds=0.9 * seconds) - timedelta(milliseconds=1)
        last = now


def test_ids_are_of_the_clocks_time() -> None:
    """Whoever reads the time of an id reads the time at which it was given."""
    machine = Machine()
    clock = machine.clock()
    ids = system_ids(clock)
    ids.fresh()
    machine.wall_ns -= 3600 * SECOND
    machine.passes(100)
    assert ids.fresh().int >> 80 == clock.now_ms() == (OPENING + 90 * SECOND) // 1_000_000
