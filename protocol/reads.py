"""Which rows an actor loads: a small language that PostgreSQL and the in-memory twin both speak."""

from __future__ import annotations

from typing import Any

import attrs

from protocol.records.base import Record


@attrs.frozen
class Among:
    """The column has one of these values; `None` among them stands for null."""

    column: str
    values: tuple[object, ...]


@attrs.frozen
class Above:
    """The column is greater than this."""

    column: str
    bound: int


@attrs.frozen
class Since:
    """The column (a time) is null, or less than `seconds` before loading."""

    column: str
    seconds: int


Condition = Among | Above | Since


@attrs.frozen
class Read:
    """All rows of a table whose column `by` is the actor's id, and for which all `where` hold.

    Without `by` only `where` counts: for the platform, whose rows name no owner.
    """

    record: type[Record]
    by: str | None
    where: tuple[Condition, ...] = ()


@attrs.frozen(kw_only=True)
class Loaded:
    """What a load found, in one snapshot."""

    records: tuple[Record, ...]
    flushed: int
    """How far the journal was flushed in the snapshot: later entries lie over these rows."""


def meets(row: Any, condition: Condition, now_s: float) -> bool:
    """Whether a record meets a condition, as PostgreSQL would decide."""
    value = getattr(row, condition.column)
    match condition:
        case Among(values=values):
            return value in values
        case Above(bound=bound):
            return value is not None and value > bound
        case Since(seconds=seconds):
            return value is None or value.timestamp() > now_s - seconds
