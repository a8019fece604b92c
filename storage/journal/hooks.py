"""Where a commit can be watched, held or made to fail, so that tests need not patch anything."""

from __future__ import annotations

from typing import Protocol

__all__ = ["CommitHooks"]


class CommitHooks(Protocol):
    """Called by the writer around each commit; each may wait, and may raise `sqlite3.Error`.

    An error raised here is treated as if SQLite had raised it at this place. Its
    `sqlite_errorcode`, if it has one, decides whether the journal may go on.
    """

    async def before_commit(self, entry_count: int) -> None:
        """Nothing of the group has been written yet."""

    async def after_commit(self, entry_count: int) -> None:
        """The group is durable, and nobody knows."""

    async def before_reopen(self) -> None:
        """A commit failed; the journal is about to be opened anew and its tail read."""
