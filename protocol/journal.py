"""What is said about the journal: how urgent an entry is, what can go wrong, how it stands.

The journal is one order of entries for the whole node. Whoever appends learns the place at once
and whether it is durable later; these are the words for both, shared by those who ask and those
who keep.
"""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import ClassVar

import attrs

from protocol.addresses import Position
from protocol.codes import Code
from protocol.errors import LastLightError

__all__ = [
    "Bound",
    "CommitLost",
    "JournalFull",
    "JournalStatistics",
    "JournalUnreadable",
    "Urgency",
]


class Urgency(enum.Enum):
    """Who may still append when the journal fills up; a later one always outlasts an earlier."""

    COMMAND = "command"
    """Refused above JOURNAL_COMMAND_SHARE."""
    INTERNAL = "internal"
    """Sends and timers: refused above JOURNAL_INTERNAL_SHARE."""
    EMERGENCY = "emergency"
    """May use the last byte, and the room on disk that is kept for it."""


class Bound(enum.Enum):
    """Which bound refused an entry, and what helps."""

    SHARE = "unflushed bytes; resend when the database has caught up"
    LINE = "bytes in line for a commit; resend when the disk is faster"
    DISK = "bytes left on the disk; free space on it, then resend"


@attrs.define(eq=False, kw_only=True)
class JournalFull(LastLightError):
    """A bound of the journal for entries of this urgency is reached. Nothing was enqueued."""

    code: ClassVar[Code] = Code.ACTOR_UNAVAILABLE
    retry_after_s: ClassVar[int | None] = 5

    urgency: Urgency
    bound: Bound
    bytes: int
    bytes_max: int

    def __str__(self) -> str:
        count = "no" if self.bound is Bound.DISK else f"{self.bytes} of {self.bytes_max}"
        return f"the journal takes no {self.urgency.value} entries: {count} {self.bound.value}"


@attrs.define(eq=False, kw_only=True)
class CommitLost(LastLightError):
    """A commit failed, and what was asked about was not in it. Nothing more is taken in.

    What is durable up to `durable` stays so. The node must reset and call `recover`.
    """

    code: ClassVar[Code] = Code.OUTCOME_UNKNOWN

    durable: Position

    def __str__(self) -> str:
        return (
            f"a commit of journal {self.durable.journal_id} failed; it is durable up to"
            f" {self.durable.n}, the rest is lost until the node has reset and recovered"
        )


@attrs.define(eq=False, kw_only=True)
class JournalUnreadable(LastLightError):
    """What the journal has kept can't be known. The process must end: to go on would be to guess.

    `directory` says whose journal, `reason` what was found there.
    """

    directory: str
    reason: str

    def __str__(self) -> str:
        return f"the journal in {self.directory} can't be read: {self.reason}"


@attrs.frozen(kw_only=True)
class JournalStatistics:
    """How the journal stands at one moment; see `docs/operating.md` for what to do about it.

    `bytes` is what its files take on disk (the twin's: the entries' own), `entries` how many it
    keeps, `unreleased_*` what waits for the flush and counts against the shares.
    """

    bytes: int
    segments: int
    entries: int
    unreleased_entries: int
    unreleased_bytes: int
    memory_bytes: int
    durable_n: int
    last_n: int
    commits: int
    commit_duration: timedelta
    """Of the last commit, from taking the line to knowing it durable."""
    disk_full: bool
