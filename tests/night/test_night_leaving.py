"""Who may not work any more is off duty at once: no alert, no task, no cash (Rules 8, 13, 15)."""

from __future__ import annotations

from typing import Any

from trio.testing import MockClock

from protocol.records.ledger import Till
from protocol.records.runtime import DutyPlace
from protocol.records.staff import StaffShift, StaffTask
from tests.night.books import assert_all_is_well
from tests.night.people_kit import elevated, rows, settled
from tests.twins.people import VENUE, Someone, go_on_duty, sign_in
from tests.twins.whole import LastLight

TASKS = "/api/staff/tasks"


def a_task(assignee: Someone | None = None) -> dict[str, Any]:
    """Something to do, for somebody or for whoever is free."""
    given = {"venue_id": VENUE, "title": "Wipe the bar", "kind": "cleaning", "priority": "normal"}
    return given if assignee is None else {**given, "assignee_id": assignee.user_id}


async def assert_gone(house: LastLight, left: Someone, manager: Someone) -> None:
    """Others have what they had to do, and management says when they went."""
    await settled(house)
    assert left.user_id not in {str(place.staff_id) for place in rows(house, DutyPlace)}
    named = await manager.send("POST", TASKS, a_task(left))
    assert (named.status, named.code) == (409, "assignee_off_duty")
    assert all(str(task.assignee_id) != left.user_id for task in rows(house, StaffTask))
    (shift,) = (row for row in rows(house, StaffShift) if str(row.staff_id) == left.user_id)
    assert (shift.status, shift.ended_at, shift.auto_ended) == ("needs_review", None, True)
    ended = {"user_id": left.user_id, "ended_at": house.world.clock.now().isoformat()}
    assert (await manager.need(200, "POST", "/api/staff/clock-out", ended))["status"] == "ended"
    await settled(house)


async def test_whose_role_is_taken_leaves_the_floor(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Their tasks are with whoever stays; with the role given back, they begin another shift."""
    other = await sign_in(house, "staff2")
    await go_on_duty(staff)
    task = await manager.need(201, "POST", TASKS, a_task(staff))
    till = {"drawer": "bar", "opening_float_minor": 1000}
    await staff.need(201, "POST", "/api/staff/tills", till)
    await go_on_duty(other)
    await elevated(manager)
    roles = f"/api/users/{staff.user_id}/roles"
    await manager.need(200, "PUT", roles, {"venue_id": VENUE, "roles": []})
    await settled(house)
    (moved,) = rows(house, StaffTask)
    assert (str(moved.id), str(moved.assignee_id)) == (task["task_id"], other.user_id)
    (drawer,) = rows(house, Till)
    assert drawer.status == "ended", "it takes no more cash, and waits to be counted"
    (place,) = rows(house, DutyPlace)
    assert str(place.staff_id) == other.user_id
    await manager.need(200, "PUT", roles, {"venue_id": VENUE, "roles": ["staff"]})
    await staff.refresh()
    await go_on_duty(staff)
    await settled(house)
    assert len(rows(house, DutyPlace)) == 2
    assert_all_is_well(house.world)


async def test_a_manager_made_staff_works_on(
    house: LastLight, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """Less may be done, and the shift goes on."""
    await go_on_duty(manager)
    await elevated(owner)
    roles = f"/api/users/{manager.user_id}/roles"
    await owner.need(200, "PUT", roles, {"venue_id": VENUE, "roles": ["staff"]})
    await settled(house)
    (shift,) = rows(house, StaffShift)
    assert shift.status == "open"
    assert [str(place.staff_id) for place in rows(house, DutyPlace)] == [manager.user_id]


async def test_who_is_suspended_leaves_the_floor(
    house: LastLight, staff: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """As for a role: nobody who can't sign in is counted on."""
    await go_on_duty(staff)
    await manager.need(201, "POST", TASKS, a_task(staff))
    body = {"venue_id": VENUE, "status": "suspended", "reason": "till"}
    await owner.need(200, "PUT", f"/api/users/{staff.user_id}/status", body)
    await assert_gone(house, staff, manager)
    assert_all_is_well(house.world)
