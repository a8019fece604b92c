"""What the database can answer instead of rows: not now, never, or nobody knows.

These three are all a caller can act on, so nothing else leaves `storage.postgres.database`.
"""

from __future__ import annotations

from typing import ClassVar, Final

import attrs

from protocol.errors import Code, LastLightError

__all__ = [
    "DatabaseRefused",
    "DatabaseUnavailable",
    "EmbeddedServerUnusable",
    "OutcomeUnknown",
    "is_passing",
]


@attrs.frozen(eq=False)
class DatabaseUnavailable(LastLightError):
    """PostgreSQL is away, too slow, or too busy. Nothing was committed; the same may work later."""

    code: ClassVar[Code] = Code.ACTOR_UNAVAILABLE
    retry_after_s: ClassVar[int | None] = 1
    reason: str
    sqlstate: str | None = None

    def __str__(self) -> str:
        return f"the database did not answer ({self.reason}); nothing was committed, ask again"


@attrs.frozen(eq=False, kw_only=True)
class DatabaseRefused(LastLightError):
    """PostgreSQL read the statement and said no; the same statement will be refused again.

    `sqlstate` is PostgreSQL's five characters; class 22 is bad data, 23 a broken constraint, 42 a
    statement or a permission that is wrong. Its transaction can only be rolled back.
    """

    reason: str
    sqlstate: str
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None

    def __str__(self) -> str:
        where = ".".join(part for part in (self.schema, self.table, self.column) if part)
        what = f" {where}" if where else ""
        by = f" by {self.constraint}" if self.constraint else ""
        return f"the database refused{what}{by}: {self.reason} ({self.sqlstate})"


@attrs.frozen(eq=False)
class OutcomeUnknown(LastLightError):
    """The connection was lost during a commit: it may have happened. Read what is there."""

    code: ClassVar[Code] = Code.OUTCOME_UNKNOWN
    reason: str

    def __str__(self) -> str:
        return f"a commit was not answered ({self.reason}); it may have happened, read and compare"


@attrs.frozen(eq=False)
class EmbeddedServerUnusable(LastLightError):
    """The node's own PostgreSQL can't run here. Nothing was changed; a person must act."""

    reason: str

    def __str__(self) -> str:
        return self.reason


PASSING_CLASSES: Final = ("08", "40", "53", "55", "57", "58", "XX")
"""Connection, serialization, resources, locks, intervention, system, internal."""
PASSING_STATES: Final = ("25P03", "25006")
"""Idle for too long in a transaction; a server that is a replica just now."""


def is_passing(sqlstate: str) -> bool:
    """Whether the same statement may succeed later without anybody changing anything."""
    return sqlstate.startswith(PASSING_CLASSES) or sqlstate in PASSING_STATES
