"""Work over HTTP and real tables: what was answered is listed at once, each with its own eyes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.system.guests import VENUE, Front, Person, here

HOUR = timedelta(hours=1)


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def changed(
    front: Front, person: Person, method: str, path: str, version: int, body: Any
) -> httpx.Response:
    """Send a change of what was seen at `version`."""
    return await front.send(person, method, path, body, headers={"if-match": f'"v{version}"'})


async def test_work_is_listed_as_it_was_answered(front: Front) -> None:
    """Shifts, tasks, the plan with the ETag that changes it, and the figures of it all."""
    staff, other, manager = [await front.sign_in(name) for name in ("staff1", "staff2", "manager")]
    for person in (staff, other):
        body = {"venue_id": VENUE, "location": here()}
        await front.need(201, person, "POST", "/api/staff/clock-in", body)
    given = {"title": "Clear table 4", "assignee_id": staff.user_id}
    task = await front.need(201, manager, "POST", "/api/staff/tasks", given)
    path = f"/api/staff/tasks/{task['task_id']}"
    for version, status in enumerate(("accepted", "in_progress", "done"), 1):
        answer = await changed(front, staff, "PATCH", path, version, {"status": status})
        assert answer.status_code == 200, answer.text
    for person, count in ((staff, 1), (other, 0), (manager, 1)):
        listed = await front.need(200, person, "GET", "/api/staff/tasks?status=done")
        assert len(listed["items"]) == count, person.name

    await front.need(200, staff, "POST", "/api/staff/breaks", {"action": "start", "paid": True})
    own = await front.need(200, staff, "GET", "/api/staff/shifts")
    assert [shift["status"] for shift in own["items"]] == ["on_break"]
    on_duty = await front.need(200, staff, "GET", f"/api/staff/shifts?venue_id={VENUE}&open=true")
    assert {shift["staff_id"] for shift in on_duty["items"]} == {staff.user_id, other.user_id}
    assert on_duty["items"][0]["worked_minutes"] is None

    figures = f"/api/staff/performance/{staff.user_id}"
    for person in (staff, manager):
        found = await front.need(200, person, "GET", figures)
        assert (found["total"]["tasks_done"], found["total"]["tasks_on_time"]) == (1, 1)
    await front.need(404, other, "GET", figures)

    plan = await front.send(manager, "GET", "/api/staff/schedule")
    assert plan.headers["etag"] == '"v1"'
    week = datetime.fromisoformat(plan.json()["week"]).replace(tzinfo=UTC) + timedelta(days=7)
    shift = {
        "staff_id": staff.user_id,
        "starts_at": instant(week + 33 * HOUR),
        "ends_at": instant(week + 39 * HOUR),
    }
    planned: dict[str, Any] = {"week": week.date().isoformat(), "shifts": [shift], "publish": True}
    answer = await changed(front, manager, "PUT", "/api/staff/schedule", 1, planned)
    assert answer.status_code == 200, answer.text
    for person, count in ((staff, 1), (other, 0)):
        seen = await front.send(person, "GET", f"/api/staff/schedule?week={week.date()}")
        assert (len(seen.json()["shifts"]), seen.headers["etag"]) == (count, '"v2"')

    handover = await front.need(200, staff, "POST", "/api/staff/handover", {"note": "all calm"})
    await front.need(200, staff, "POST", "/api/staff/clock-out", {})
    read = {"ack": True, "handover_id": handover["handover_id"]}
    acknowledged = await front.need(200, other, "POST", "/api/staff/handover", read)
    assert acknowledged["acknowledged_by"] == other.user_id
