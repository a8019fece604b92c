"""A night of work on a whole node: tasks, breaks, plans, handovers, and who may leave (Rule 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import trio
from trio.testing import MockClock

from protocol.records.staff import ShiftHandover, StaffSchedule, StaffShift, StaffTask
from protocol.records.states import ScheduleStatus
from tests.night.books import assert_all_is_well
from tests.twins.nodes import World
from tests.twins.people import VENUE, Heard, Someone, ask, go_on_duty, here, instant, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

MINUTE = 60
TASKS = "/api/staff/tasks"


async def change(
    who: Someone, method: str, target: str, version: int | None, body: object
) -> Heard:
    """Send a change with the version that it is meant for, if any."""
    headers = [("authorization", f"Bearer {who.token}")]
    if version is not None:
        headers.append(("if-match", f'"v{version}"'))
    return await ask(who.house, method, target, body, headers=tuple(headers))


async def settled(house: LastLight) -> None:
    await house.wait_flushed()


def told(house: LastLight, kind: str) -> list[dict[str, Any]]:
    """The data of every event of one type so far."""
    return [dict(e.data) for e in house.world.publisher.events if e.type == kind]


def a_task(house: LastLight, **changes: Any) -> dict[str, Any]:
    due_at = house.world.clock.now() + timedelta(minutes=10)
    known = {
        "venue_id": VENUE,
        "title": "Clear table 4",
        "kind": "cleaning",
        "priority": "high",
        "due_at": instant(due_at),
    }
    return known | changes


async def test_a_task_from_being_given_to_done(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Given to who is there, moved by its assignee alone, with the version each time."""
    other = await sign_in(house, "staff2")
    nobody = await manager.send("POST", TASKS, a_task(house))
    assert (nobody.status, nobody.code) == (409, "assignee_off_duty")
    await go_on_duty(staff)
    task = await manager.need(201, "POST", TASKS, a_task(house))
    assert (task["assignee_id"], task["status"], task["version"]) == (staff.user_id, "open", 1)
    one = f"{TASKS}/{task['task_id']}"
    accept = {"status": "accepted"}
    assert (await change(staff, "PATCH", one, None, accept)).code == "precondition_required"
    assert (await change(other, "PATCH", one, 1, accept)).code == "forbidden"
    assert (await change(staff, "PATCH", one, 1, {"status": "done"})).code == "invalid_transition"
    taken = await change(staff, "PATCH", one, 1, accept)
    assert (taken.status, taken.headers["etag"]) == (200, '"v2"')
    late = await change(staff, "PATCH", one, 1, accept)
    assert (late.code, late.body["current_version"]) == ("version_conflict", 2)
    await change(staff, "PATCH", one, 2, {"status": "in_progress"})
    stuck = await change(staff, "PATCH", one, 3, {"status": "blocked", "reason": "no cloth"})
    assert stuck.body["blocked_reason"] == "no cloth"
    done = await change(staff, "PATCH", one, 4, {"status": "done", "result": "shines"})
    assert (done.body["status"], done.body["result"]) == ("done", "shines")
    await trio.sleep(60 * MINUTE)
    assert told(house, "task.overdue") == []
    moves = [(data["from"], data["to"]) for data in told(house, "task.status_changed")]
    assert moves == [
        ("open", "accepted"),
        ("accepted", "in_progress"),
        ("in_progress", "blocked"),
        ("blocked", "done"),
    ]
    await settled(house)
    assert_all_is_well(house.world)


async def test_an_overdue_task_gets_louder_over_a_crash(
    world: World, autojump_clock: MockClock
) -> None:
    """At its time, 5 minutes later, then every 10 from its time on; its timer is a row."""
    async with open_memory_last_light(world) as house:
        staff, manager = await sign_in(house, "staff1"), await sign_in(house, "manager")
        await go_on_duty(staff)
        await manager.need(201, "POST", TASKS, a_task(house))
        await trio.sleep(12 * MINUTE)
        assert [data["overdue_minutes"] for data in told(house, "task.overdue")] == [0]
        await settled(house)
    async with open_memory_last_light(world) as house:
        await trio.sleep(30 * MINUTE)
        late = told(house, "task.overdue")
        assert [data["overdue_minutes"] for data in late] == [0, 5, 10, 20, 30]
        assert late[0]["escalated_to"] == []
        assert manager.user_id in late[1]["escalated_to"]
        await settled(house)
        (task,) = world.database.table(StaffTask).values()
        assert task.overdue_level == 3


async def test_nobody_on_a_break_gets_a_task_and_whoever_leaves_hands_over(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """What is unfinished goes to who stays; and what was handed over is read."""
    other = await sign_in(house, "staff2")
    for who in (staff, other):
        await go_on_duty(who)
    pause = await other.need(200, "POST", "/api/staff/breaks", {"action": "start"})
    assert pause["status"] == "on_break"
    again = await other.send("POST", "/api/staff/breaks", {"action": "start"})
    assert again.code == "invalid_transition"
    tasks = [await manager.need(201, "POST", TASKS, a_task(house)) for _ in range(2)]
    assert {task["assignee_id"] for task in tasks} == {staff.user_id}
    named = await manager.send("POST", TASKS, a_task(house, assignee_id=other.user_id))
    assert named.code == "assignee_off_duty"
    await trio.sleep(5 * MINUTE)
    await other.need(200, "POST", "/api/staff/breaks", {"action": "end"})

    leaving = await staff.send("POST", "/api/staff/clock-out", {})
    assert (leaving.status, leaving.code) == (409, "handover_required")
    handover = await staff.need(200, "POST", "/api/staff/handover", {"note": "ice is low"})
    assert len(handover["open_tasks"]) == 2
    left = await staff.need(200, "POST", "/api/staff/clock-out", {"declared_tips_minor": 700})
    assert (left["status"], left["declared_tips_minor"]) == ("ended", 700)
    read = {"ack": True, "handover_id": handover["handover_id"]}
    acknowledged = await other.need(200, "POST", "/api/staff/handover", read)
    assert acknowledged["acknowledged_by"] == other.user_id
    assert [data["acknowledged_by"] for data in told(house, "shift.handover_posted")] == [
        None,
        other.user_id,
    ]
    await settled(house)
    now_theirs = house.world.database.table(StaffTask).values()
    assert {str(task.assignee_id) for task in now_theirs} == {other.user_id}
    # Even the last one has something to hand over.
    assert (await other.send("POST", "/api/staff/clock-out", {})).code == "handover_required"
    await other.need(200, "POST", "/api/staff/clock-out", {"note": "two tables are dirty"})
    await settled(house)
    assert len(house.world.database.table(ShiftHandover)) == 2
    assert_all_is_well(house.world)


async def test_a_task_is_passed_on_or_called_off(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """By management, to somebody who is there; what is cancelled is over."""
    other = await sign_in(house, "staff2")
    await go_on_duty(staff)
    task = await manager.need(201, "POST", TASKS, a_task(house, assignee_id=staff.user_id))
    pass_on = f"{TASKS}/{task['task_id']}/reassign"
    to_other = {"assignee_id": other.user_id}
    assert (await manager.send("POST", pass_on, to_other)).code == "assignee_off_duty"
    await go_on_duty(other)
    assert (await manager.need(200, "POST", pass_on, to_other))["assignee_id"] == other.user_id
    off = {"cancel": True, "reason": "they left"}
    assert (await manager.need(200, "POST", pass_on, off))["status"] == "cancelled"
    assert (await manager.send("POST", pass_on, off)).code == "invalid_transition"
    assert (await staff.send("POST", pass_on, off)).status == 403


async def test_a_week_is_drafted_published_and_worked(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """The version guards the whole week; a published shift says who is late."""
    now = house.world.clock.now()
    starts_at = (now - timedelta(minutes=20)).replace(second=0, microsecond=0)
    week = (now + timedelta(hours=4)).date()
    week -= timedelta(days=week.weekday())
    shift = {
        "staff_id": staff.user_id,
        "starts_at": instant(starts_at),
        "ends_at": instant(starts_at + timedelta(hours=6)),
    }
    plan = {"venue_id": VENUE, "week": week.isoformat(), "shifts": [shift]}
    path = "/api/staff/schedule"
    assert (await change(manager, "PUT", path, None, plan)).code == "precondition_required"
    drafted = await change(manager, "PUT", path, 1, plan)
    assert (drafted.status, drafted.headers["etag"]) == (200, '"v2"'), drafted.body
    assert (await change(manager, "PUT", path, 1, plan)).code == "version_conflict"
    double = {**plan, "shifts": [shift, shift], "publish": True}
    assert (await change(manager, "PUT", path, 2, double)).code == "schedule_overlap"
    later = {
        **shift,
        "starts_at": shift["ends_at"],
        "ends_at": instant(starts_at + timedelta(hours=8)),
    }
    tight = {**plan, "shifts": [shift, later], "publish": True}
    assert (await change(manager, "PUT", path, 2, tight)).code == "rest_rule_violated"
    publish = {"venue_id": VENUE, "week": week.isoformat(), "publish": True}
    published = await change(manager, "PUT", path, 2, publish)
    (planned,) = published.body["shifts"]
    assert (planned["status"], published.body["version"]) == ("published", 3)
    assert (await staff.send("PUT", path, publish)).status == 403

    body = {
        "venue_id": VENUE,
        "location": here(house),
        "schedule_id": planned["schedule_id"],
    }
    begun = await staff.need(201, "POST", "/api/staff/clock-in", body)
    assert begun["late_minutes"] >= 20
    await settled(house)
    (row,) = (
        row
        for row in house.world.database.table(StaffSchedule).values()
        if row.status is ScheduleStatus.PUBLISHED
    )
    assert row.id == UUID(planned["schedule_id"])
    assert_all_is_well(house.world)


async def test_management_settles_a_shift_that_was_forgotten(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """The end is set by a person, and never by who forgot it."""
    begun_at = house.world.clock.now()
    await go_on_duty(staff)
    await trio.sleep(24 * 60 * MINUTE)
    for who in (staff, manager):
        await who.refresh()
    ended_at = instant(begun_at + timedelta(hours=6))
    own = await staff.send("POST", "/api/staff/clock-out", {"ended_at": ended_at})
    assert own.status == 403
    body = {"user_id": staff.user_id, "ended_at": ended_at}
    settled_shift = await manager.need(200, "POST", "/api/staff/clock-out", body)
    assert (settled_shift["status"], settled_shift["worked_minutes"]) == ("ended", 360)
    await settled(house)
    (shift,) = house.world.database.table(StaffShift).values()
    assert (shift.auto_ended, str(shift.reviewed_by)) == (True, manager.user_id)
    assert_all_is_well(house.world)
