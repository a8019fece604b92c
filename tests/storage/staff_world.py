"""A venue and who works there, for the tests of what is shown of their work."""

from __future__ import annotations

import datetime as dt
from typing import Any

from protocol.addresses import Role
from protocol.records.staff import StaffShift, StaffTask
from protocol.records.states import ShiftStatus, TaskPriority, TaskStatus
from protocol.records.venues import Venue
from tests.storage.query_world import a_principal
from tests.storage.samples import NOON, a, an_id

HERE, THERE = an_id(), an_id()
ANNA, BEN = an_id(), an_id()
STAFF = a_principal(ANNA, roles={HERE: Role.STAFF})
CHIEF = a_principal(roles={HERE: Role.MANAGEMENT})
STRANGER = a_principal(roles={THERE: Role.MANAGEMENT})
EVERYWHERE = a_principal(everywhere=Role.OWNER)
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
MONDAY = NOON.date() - dt.timedelta(days=NOON.weekday())


def a_venue(id_: Any) -> Any:
    return a(Venue, id=id_, status="open", radius_m=150, tz="Asia/Tokyo", cutover_local=dt.time(5))


VENUES = (a_venue(HERE), a_venue(THERE))


def a_shift(staff_id: Any, status: ShiftStatus = ShiftStatus.ENDED, **values: Any) -> Any:
    """Four hours until an hour ago, or running."""
    over = status is ShiftStatus.ENDED
    known = {
        "venue_id": HERE,
        "staff_id": staff_id,
        "display_name": "Ann",
        "status": status,
        "started_at": NOON - 5 * HOUR,
        "ended_at": NOON - HOUR if over else None,
        "worked_ms": 4 * 3_600_000 if over else 0,
        "breaks": (),
        "late_minutes": 0,
        "auto_ended": False,
    }
    return a(StaffShift, **(known | values))


def a_task(assignee_id: Any, **values: Any) -> Any:
    known = {
        "venue_id": HERE,
        "assignee_id": assignee_id,
        "status": TaskStatus.OPEN,
        "priority": TaskPriority.NORMAL,
        "kind": "cleaning",
    }
    return a(StaffTask, **(known | values))
