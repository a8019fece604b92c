"""The journal's one order: numbers, shares, what is durable, what is lost, what memory holds.

No I/O happens here; the writer says what became of each group. A number is given once: those of
lost entries are skipped after recovery, so that nobody who still holds one is ever told that it
became durable. Between such gaps numbers are consecutive. Nothing stands in line after a failed
commit, and nothing is taken in until recovery.
"""

from __future__ import annotations

import enum
from typing import Final
from uuid import UUID

import attrs
import trio

from protocol.addresses import Position
from protocol.journal import Bound, CommitLost, JournalFull, Urgency
from protocol.limits import (
    ENTRY_BYTES_MAX,
    JOURNAL_COMMAND_SHARE,
    JOURNAL_INTERNAL_SHARE,
    JOURNAL_LINE_BYTES_MAX,
)
from storage.journal.frames import charge

__all__ = ["Order", "State"]

_SHARES: Final = {
    Urgency.COMMAND: JOURNAL_COMMAND_SHARE,
    Urgency.INTERNAL: JOURNAL_INTERNAL_SHARE,
    Urgency.EMERGENCY: 1.0,
}

_FRAME_BYTES: Final = charge(b"")
"""What each entry is charged besides its own bytes."""


class State(enum.Enum):
    """What is known after the last commit."""

    OPEN = "open"
    UNKNOWN = "unknown"
    """A commit failed; the tail is being read."""
    LOST = "lost"
    """The tail was read; what stands after `durable_n` is lost, and `recover` is awaited."""


@attrs.define(eq=False, kw_only=True)
class Order:
    """Everything about positions that the journal and its twin agree on."""

    journal_id: UUID
    bytes_max: int
    memory_bytes_max: int
    given_n: int
    """The highest number given, lost ones included."""
    durable_n: int
    durable_total: int
    """What all durable entries were charged since the journal began."""
    kept_after_n: int
    """Reading after this number or a later one misses nothing."""
    released_n: int
    released_total: int
    gaps: list[tuple[int, int]]
    """(last durable, first given again) around each run of lost numbers still in reach."""
    disk_full: bool = False
    state: State = State.OPEN
    failure_count: int = 0
    last_n: int = attrs.field(init=False)
    last_total: int = attrs.field(init=False)
    memory_bytes: int = 0
    _memory: dict[int, tuple[bytes, int]] = attrs.field(factory=dict)
    _memory_first_n: int = attrs.field(init=False)
    _share_bytes: dict[Urgency, int] = attrs.field(init=False)
    _line: list[bytes] = attrs.field(factory=list)
    _line_bytes: int = 0
    _waiting: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)
    _writer: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    def __attrs_post_init__(self) -> None:
        self._share_bytes = {urgency: int(self.bytes_max * _SHARES[urgency]) for urgency in Urgency}
        self.last_n = self.durable_n
        self.last_total = self.durable_total
        self._memory_first_n = self.given_n + 1

    @property
    def unreleased_bytes(self) -> int:
        """What waits for the flush, in line or durable; it counts against the shares."""
        return self.last_total - self.released_total

    def position(self, n: int) -> Position:
        """The place of entry `n` in this journal."""
        return Position(self.journal_id, n)

    def append_nowait(self, data: bytes, *, urgency: Urgency) -> Position:
        """Give `data` the next number and put it in line.

        Raises:
            ValueError: it is over ENTRY_BYTES_MAX bytes.
            JournalFull: see `Bound` for which.
            CommitLost: a commit failed and `recover` was not called since.
        """
        if len(data) > ENTRY_BYTES_MAX:
            raise ValueError(
                f"an entry of {len(data)} bytes is over the {ENTRY_BYTES_MAX} of one outcome"
            )
        if self.state is not State.OPEN:
            raise CommitLost(durable=self.position(self.durable_n))
        if (full := self._full(len(data), urgency)) is not None:
            raise full
        n = self.given_n = self.last_n = self.given_n + 1
        self.last_total += charge(data)
        self._memory[n] = (data, self.last_total)
        self.memory_bytes += len(data)
        self._line.append(data)
        self._line_bytes += len(data)
        if len(self._line) == 1:
            self._writer.unpark()
        return Position(self.journal_id, n)

    async def take(self, *, bytes_max: int) -> tuple[int, int, list[bytes]]:
        """Wait for a line, and take it or its first `bytes_max` bytes, at least one entry.

        Returns:
            The number of the first entry, the total charge after the last, and the entries.
        """
        while not self._line:
            await self._writer.park()
        first_n = self.last_n - len(self._line) + 1
        size = 0
        count = 0
        for data in self._line:
            if count and size + len(data) > bytes_max:
                break
            size += len(data)
            count += 1
        self._line_bytes -= size
        group, self._line = self._line[:count], self._line[count:]
        _, total = self._memory[first_n + count - 1]
        return first_n, total, group

    def committed(self, last_n: int) -> None:
        """Everything up to `last_n` is durable."""
        _, self.durable_total = self._memory[last_n]
        self.durable_n = last_n
        while self.memory_bytes > self.memory_bytes_max and self._memory_first_n <= last_n:
            self._forget_first()
        self._waiting.unpark_all()

    def failed(self) -> None:
        """A commit failed: nothing more is taken in, and nothing is known until `tail_read`."""
        self.state = State.UNKNOWN
        self.failure_count += 1
        self._line.clear()
        self._line_bytes = 0

    def tail_read(self, last_n: int, total: int) -> None:
        """The journal ends at `last_n`; what was given after it is lost."""
        assert self.durable_n <= last_n <= self.given_n
        self.durable_n = self.last_n = last_n
        self.durable_total = self.last_total = total
        # What was kept is on disk. Memory begins anew, after the numbers that are skipped.
        self._memory.clear()
        self.memory_bytes = 0
        self._memory_first_n = self.given_n + 1
        self.state = State.LOST
        self._waiting.unpark_all()

    def recovered(self) -> None:
        """Appending works again, with numbers after every one ever given."""
        if self.given_n > self.durable_n:
            self.gaps.append((self.durable_n, self.given_n + 1))
        self.state = State.OPEN
        self._waiting.unpark_all()

    async def wait_lost(self) -> bool:
        """Wait until the outcome of what is in line is known; whether it was a loss."""
        while self.state is State.UNKNOWN or (
            self.state is State.OPEN and self.durable_n < self.last_n
        ):
            await self._waiting.park()
        return self.state is State.LOST

    async def wait_durable(self, position: Position) -> None:
        """Wait until the entry at `position` is durable.

        Raises:
            CommitLost: it was lost.
        """
        self._check(position)
        while not self._is_lost(position.n):
            if position.n <= self.durable_n:
                return
            if self.state is State.LOST:
                break
            assert position.n <= self.given_n, f"{position} was never given"
            await self._waiting.park()
        raise CommitLost(durable=self.position(self.durable_n))

    async def wait_durable_beyond(self, position: Position) -> Position:
        """Wait until something after `position` is durable, and tell what the last of it is.

        Raises:
            CommitLost: a commit failed meanwhile, or before and nobody recovered.
        """
        self._check(position)
        failure_count = self.failure_count
        while self.durable_n <= position.n:
            if self.state is State.LOST or (
                self.state is State.OPEN and self.failure_count != failure_count
            ):
                raise CommitLost(durable=self.position(self.durable_n))
            await self._waiting.park()
        return self.position(self.durable_n)

    def holds(self, position: Position) -> bool:
        """Whether reading after `position` would miss nothing: kept, given, and not lost."""
        return (
            position.journal_id == self.journal_id
            and self.kept_after_n <= position.n <= self.last_n
            and not self._is_lost(position.n)
        )

    def read_memory(
        self, after_n: int, *, entries_max: int, bytes_max: int
    ) -> list[tuple[Position, bytes]] | None:
        """Durable entries after `after_n` if memory has the first of them, None if it has not."""
        if after_n >= self.durable_n:
            return []
        if after_n + 1 < self._memory_first_n:
            return None
        found: list[tuple[Position, bytes]] = []
        size = 0
        for n in range(after_n + 1, min(after_n + entries_max, self.durable_n) + 1):
            data, _ = self._memory[n]
            size += len(data)
            if found and size > bytes_max:
                break
            found.append((self.position(n), data))
        return found

    def total_in_memory(self, n: int) -> int | None:
        """The charge up to entry `n`, or None if memory does not have it."""
        if n == self.durable_n:
            return self.durable_total
        held = self._memory.get(n)
        return None if held is None else held[1]

    def released(self, n: int, total: int) -> None:
        """Everything up to `n` is flushed: it leaves memory and no longer counts."""
        self.released_n, self.released_total = n, total
        while self._memory_first_n <= n:
            self._forget_first()

    def kept_after(self, n: int) -> None:
        """What stood up to `n` is on disk no more."""
        self.kept_after_n = n
        self.gaps = [gap for gap in self.gaps if gap[0] >= n]

    def check_readable(self, after: Position) -> None:
        """Raises: ValueError: entries after this position are no longer kept, or never were."""
        if after.journal_id != self.journal_id or after.n < self.kept_after_n:
            raise ValueError(
                f"{after} is not kept by journal {self.journal_id}, which begins after"
                f" {self.kept_after_n}; ask holds() first"
            )

    def _check(self, position: Position) -> None:
        assert position.journal_id == self.journal_id, f"{position} is of another journal"

    def _full(self, size: int, urgency: Urgency) -> JournalFull | None:
        used, limit = self.unreleased_bytes, self._share_bytes[urgency]
        if used + size + _FRAME_BYTES > limit:
            bound = Bound.SHARE
        elif urgency is Urgency.EMERGENCY:
            return None
        elif self.disk_full:
            bound, used, limit = Bound.DISK, 0, 0
        elif self._line_bytes + size > JOURNAL_LINE_BYTES_MAX:
            bound, used, limit = Bound.LINE, self._line_bytes, JOURNAL_LINE_BYTES_MAX
        else:
            return None
        return JournalFull(urgency=urgency, bound=bound, bytes=used, bytes_max=limit)

    def _is_lost(self, n: int) -> bool:
        return any(last < n < first for last, first in self.gaps)

    def _forget_first(self) -> None:
        # A number below the first one kept in memory may be in a gap or on disk only.
        held = self._memory.pop(self._memory_first_n, None)
        if held is not None:
            self.memory_bytes -= len(held[0])
        self._memory_first_n += 1
