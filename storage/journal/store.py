"""The journal's segments as one thing. Every function here blocks and runs in a thread.

Two threads at most are inside at once: the writer's (commit, roll, reopen, anything about the
newest segment) and the keeper's (seal, read and remove the others). `journal.py` sees to that.
Sealing has a thread of its own because copying a full log stops a commit for a tenth of a second.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import attrs

from protocol.journal import JournalUnreadable
from storage.journal import files, segment
from storage.journal.segment import Segment

__all__ = ["Store", "last_of", "open_store", "unreadable"]


@attrs.define(eq=False, kw_only=True)
class Store:
    """All segments, oldest first; the last is the newest, the only one that is written."""

    directory: Path
    journal_id: UUID
    segments: list[Segment]
    now_ms: Callable[[], int]
    segment_bytes: int
    reserve_bytes: int
    _lock: int
    _connections: dict[Path, sqlite3.Connection]
    """Of the newest segment, and of those that wait to be sealed."""

    @property
    def newest(self) -> Segment:
        """The segment that is written."""
        return self.segments[-1]

    @property
    def disk_bytes(self) -> int:
        """What all segments take on disk."""
        return sum(each.bytes for each in list(self.segments))

    @property
    def seal_count(self) -> int:
        """How many segments wait for their seal."""
        return len(self._connections) - 1

    def commit(self, *, first_n: int, total: int, entries: Sequence[bytes]) -> bool:
        """Make a group durable; returns whether the segment is full.

        Raises:
            sqlite3.Error: it may or may not be durable; see `reopen`.
        """
        newest = self.newest
        connection = self._connections[newest.path]
        segment.append(connection, n=first_n, total=total, entries=entries)
        newest.last_n = first_n + len(entries) - 1
        newest.total = total
        newest.bytes = files.disk_bytes(newest.path)
        return newest.bytes >= self.segment_bytes

    def roll(self, *, first_n: int) -> None:
        """Go on in a new segment whose entries begin at `first_n`. The old one waits for its seal.

        Raises:
            sqlite3.Error, OSError: nothing has changed.
        """
        old = self.newest
        new = segment.create(
            self.directory,
            journal_id=self.journal_id,
            first_n=first_n,
            previous_n=last_of(old),
            total=old.total,
            created_at_ms=self.now_ms(),
        )
        try:
            self._connections[new.path] = segment.open_writer(new.path)
        except BaseException:
            files.unlink(new.path)
            raise
        self.segments.append(new)

    def reopen(self, *, disk_full: bool) -> tuple[int, int]:
        """After a failed commit: open the newest segment anew and read where it ends.

        Returns:
            The last entry that is durable, and the charge up to it.
        """
        if disk_full:
            files.give_up_reserve(self.directory)
        path = self.newest.path
        self._connections.pop(path).close()
        connection = self._connections[path] = segment.open_writer(path)
        self.segments[-1] = segment.load(path, connection)
        return last_of(self.newest), self.newest.total

    def seal_waiting(self) -> None:
        """Seal what was rolled. On a full disk the log stays: it is copied when next opened."""
        for each in self.segments[:-1]:
            connection = self._connections.pop(each.path, None)
            if connection is not None:
                each.bytes = segment.seal(connection, each.path)

    def segment_after(self, n: int) -> Segment:
        """The segment that holds the first entry after `n`, which there is."""
        # An empty segment, left by a loss, ends at a number that nobody kept.
        return next(each for each in self.segments if last_of(each) > n)

    def read(
        self, each: Segment, *, after_n: int, entries_max: int, bytes_max: int
    ) -> list[tuple[int, bytes]]:
        """Entries of one segment after `after_n`."""
        source = self._connections.get(each.path, each.path)
        return segment.read(source, after_n=after_n, entries_max=entries_max, bytes_max=bytes_max)

    def total_at(self, each: Segment, n: int) -> int:
        """The charge up to entry `n` of one segment."""
        return segment.total_at(self._connections.get(each.path, each.path), n)

    def remove_oldest(self, *, released_n: int, retention_ms: int, bytes_max: int) -> bool:
        """Unlink the oldest segment if all of it is released and it is too old or in the way."""
        if len(self.segments) < 2:
            return False
        oldest, following = self.segments[:2]
        if last_of(oldest) > released_n:
            return False
        # What is appended to the following segment is younger than all of this one.
        too_old = self.now_ms() - following.created_at_ms > retention_ms
        if not too_old and self.disk_bytes <= bytes_max:
            return False
        del self.segments[0]
        connection = self._connections.pop(oldest.path, None)
        if connection is not None:
            connection.close()
        files.unlink(oldest.path)
        return True

    def hold_reserve(self) -> bool:
        """Take the room for emergencies again, if the disk has it."""
        return files.hold_reserve(
            self.directory,
            reserve_bytes=self.reserve_bytes,
            spare_bytes=2 * self.segment_bytes,
        )

    def close(self) -> None:
        """Close everything and let the next process in."""
        try:
            for connection in self._connections.values():
                connection.close()
            files.give_up_reserve(self.directory)
        finally:
            files.unlock(self._lock)


def open_store(
    directory: Path, *, now_ms: Callable[[], int], segment_bytes: int, reserve_bytes: int
) -> Store:
    """Open a journal's directory, or make it.

    Raises:
        JournalUnreadable: something is missing, spoilt, foreign, or open in another process.
    """
    directory = directory.resolve()
    try:
        lock = files.lock_directory(directory)
    except BlockingIOError as error:
        raise JournalUnreadable(
            directory=str(directory), reason="another process has it open; stop that one first"
        ) from error
    try:
        segments, connection = _load(directory, now_ms())
    except (sqlite3.Error, OSError, ValueError) as error:
        files.unlock(lock)
        raise unreadable(directory, error) from error
    except BaseException:
        files.unlock(lock)
        raise
    return Store(
        directory=directory,
        journal_id=segments[-1].journal_id,
        segments=segments,
        now_ms=now_ms,
        segment_bytes=segment_bytes,
        reserve_bytes=reserve_bytes,
        lock=lock,
        connections={segments[-1].path: connection},
    )


def unreadable(directory: Path, error: Exception) -> JournalUnreadable:
    """An error of SQLite or the file system as the end of the journal."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return JournalUnreadable(directory=str(directory), reason=f"{error} ({name})")


def last_of(each: Segment) -> int:
    """The last entry up to and including a segment; an empty one ends where it began."""
    return each.last_n if each.last_n >= each.first_n else each.previous_n


def _load(directory: Path, created_at_ms: int) -> tuple[list[Segment], sqlite3.Connection]:
    paths = files.segment_paths(directory)
    if not paths:
        # The name is made once and lives in every segment: without any, this is a new journal,
        # and a database that knows another one refuses it.
        made = segment.create(
            directory,
            journal_id=uuid4(),
            first_n=1,
            previous_n=0,
            total=0,
            created_at_ms=created_at_ms,
        )
        return [made], segment.open_writer(made.path)
    segments = [segment.load(path) for path in paths[:-1]]
    connection = segment.open_writer(paths[-1])
    try:
        segments.append(segment.load(paths[-1], connection))
        for before, after in itertools.pairwise(segments):
            _check_succession(before, after)
    except BaseException:
        connection.close()
        raise
    return segments, connection


def _check_succession(before: Segment, after: Segment) -> None:
    found = (before.journal_id, last_of(before), before.total)
    expected = (after.journal_id, after.previous_n, after.first_total)
    if found != expected:
        raise ValueError(
            f"{before.path.name} ends at entry {found[1]} of journal {found[0]}, but"
            f" {after.path.name} follows entry {expected[1]} of journal {expected[0]}"
        )
