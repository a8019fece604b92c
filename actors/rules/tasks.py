"""Who gets a task, and when whom is told that it is late (Rule 13).

Both follow from rows and the time alone, so a node that was away says what it would have said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.records.runtime import DutyPlace
from protocol.records.states import TaskPriority

ESCALATES_AFTER: Final = timedelta(minutes=5)
AGAIN_AFTER: Final = timedelta(minutes=10)
LEVEL_MAX: Final = 3
_PRESSING: Final = (TaskPriority.HIGH, TaskPriority.CRITICAL)


@attrs.frozen(kw_only=True)
class Lateness:
    """How late a task is.

    `level` counts escalations: 0 none, 1 management on duty, 2 all management, 3 owners too.
    """

    minutes: int
    level: int
    next_at: datetime | None
    """When it is to be told again; None for never."""


def is_pressing(priority: TaskPriority) -> bool:
    """Whether a task of this priority escalates."""
    return priority in _PRESSING


def lateness(priority: TaskPriority, due_at: datetime, now: datetime) -> Lateness | None:
    """How late a task is, or None before it is due (Rule 13).

    Every task is told once at `due_at`. A high or critical one escalates at due + 5 min, and is
    told again every 10 min from `due_at` on, to one more tier of people each time.
    """
    late = now - due_at
    if late < timedelta():
        return None
    minutes = late // timedelta(minutes=1)
    if not is_pressing(priority):
        return Lateness(minutes=minutes, level=0, next_at=None)
    rounds = late // AGAIN_AFTER
    if late < ESCALATES_AFTER:
        return Lateness(minutes=minutes, level=0, next_at=due_at + ESCALATES_AFTER)
    level = min(LEVEL_MAX, 1 + rounds)
    return Lateness(minutes=minutes, level=level, next_at=due_at + (rounds + 1) * AGAIN_AFTER)


def least_loaded(places: Iterable[DutyPlace], loads: Mapping[UUID, int]) -> UUID | None:
    """Whoever on duty has the fewest unfinished tasks; None if nobody can take one.

    Someone on a break gets no new task. Among equals it is who came first.
    """
    free = (place for place in places if not place.on_break)
    first = min(
        free, key=lambda p: (loads.get(p.staff_id, 0), p.since, p.staff_id.bytes), default=None
    )
    return None if first is None else first.staff_id
