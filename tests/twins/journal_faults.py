"""Commits that fail on purpose, for the journal and its twin alike."""

from __future__ import annotations

import sqlite3
from typing import Protocol, runtime_checkable

import trio

from tests.twins.journal_disk import MemoryDisk

__all__ = ["CutsCommits", "JournalFaults", "planted"]


def planted(code: int = sqlite3.SQLITE_ERROR) -> sqlite3.OperationalError:
    """An error as SQLite would raise it with this code."""
    error = sqlite3.OperationalError("planted by a test")
    error.sqlite_errorcode = code
    return error


@runtime_checkable
class CutsCommits(Protocol):
    """Hooks that the twin alone asks: the real journal's writes are SQLite's."""

    async def in_commit(self, row: bytes, disk: MemoryDisk) -> None:
        """A group is about to be written.

        To cut that off, put a part of `row` on the disk as its tail, and raise `sqlite3.Error` or
        never come back.
        """


class JournalFaults:
    """Hooks of a journal: set what the next commit shall suffer. Each fault happens once."""

    def __init__(self) -> None:
        self.before: sqlite3.Error | None = None
        """Raised before the next group is written."""
        self.after: sqlite3.Error | None = None
        """Raised when the next group is written, before anybody knows."""
        self.reopen: sqlite3.Error | None = None
        """Raised when the journal is opened anew after a failed commit."""
        self.groups: list[int] = []
        """How many entries each group had."""
        self.written = False
        """Whether a group stands written and held; see `hold`."""
        self._held: trio.Event | None = None
        self._held_after = False

    def hold(self, *, after: bool = False) -> None:
        """Let commits begin but not go on; or be written, but nobody hear of it."""
        self._held = trio.Event()
        self._held_after = after

    def let_go(self) -> None:
        """Let the held commit go on, and those after it."""
        assert self._held is not None
        self._held.set()
        self._held = None

    async def before_commit(self, entry_count: int) -> None:
        self.groups.append(entry_count)
        if self._held is not None and not self._held_after:
            await self._held.wait()
        fault, self.before = self.before, None
        if fault is not None:
            raise fault

    async def after_commit(self, entry_count: int) -> None:
        if self._held is not None and self._held_after:
            self.written = True
            await self._held.wait()
        fault, self.after = self.after, None
        if fault is not None:
            raise fault

    async def before_reopen(self) -> None:
        fault, self.reopen = self.reopen, None
        if fault is not None:
            raise fault
