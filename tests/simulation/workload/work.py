"""Steps of those who work: shifts, tills, breaks, tasks, handovers, plans."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.rules.lifecycle import OPEN_INCIDENT
from actors.rules.staff_lifecycle import UNFINISHED
from protocol.records.ledger import Till
from protocol.records.money_states import TillStatus
from protocol.records.safety import Incident
from protocol.records.staff import ShiftHandover, StaffShift, StaffTask
from protocol.records.states import ShiftStatus, TaskStatus
from protocol.records.users import UserRole
from protocol.records.visits import Session
from tests.simulation.night import STAFF, Night
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, Heard, Someone, here, instant

WORK = "/api/staff"
AT_WORK = (ShiftStatus.OPEN, ShiftStatus.ON_BREAK)


async def on_duty(night: Night) -> Someone:
    """Most often somebody who clocked in."""
    working = night.rows(StaffShift, lambda row: row.status in AT_WORK)
    if working and night.perhaps(0.9):
        return await night.of_user(night.one(working).staff_id)
    return await night.staff()


async def with_a_till(night: Night) -> Someone:
    """Most often somebody whose till is open."""
    tills = night.rows(Till, lambda row: row.status is TillStatus.OPEN)
    if tills and night.perhaps(0.9):
        return await night.of_user(night.one(tills).staff_id)
    return await night.staff()


@step(6)
async def clock_in(night: Night) -> None:
    staff = await night.who((*STAFF, "manager"))
    body = {"venue_id": VENUE, "location": here(night.house)}
    await night.ask(staff, "POST", f"{WORK}/clock-in", body)


@step(4)
async def clock_out(night: Night) -> None:
    """Or management ends a shift that was forgotten."""
    forgotten = night.rows(StaffShift, lambda row: row.status is ShiftStatus.NEEDS_REVIEW)
    if forgotten and night.perhaps(0.7):
        head, shift = await night.head(), night.one(forgotten)
        body: dict[str, object] = {
            "user_id": str(shift.staff_id), "shift_id": str(shift.id),
            "ended_at": instant(shift.started_at + timedelta(minutes=night.one((1, 200)))),
        }  # fmt: skip
        await night.ask(head, "POST", f"{WORK}/clock-out", body)
        return
    staff = await night.who((*STAFF, "manager"))
    body = {"declared_tips_minor": 100}
    if night.perhaps(0.5):
        body["note"] = "all is well"
    await night.ask(staff, "POST", f"{WORK}/clock-out", body)


@step(5)
async def open_a_till(night: Night) -> None:
    staff = await on_duty(night)
    body = {"drawer": night.one(("front", "bar")), "opening_float_minor": 10_000}
    await night.ask(staff, "POST", f"{WORK}/tills", body)


@step(4)
async def count_a_till(night: Night) -> None:
    """Count it, bring some to the safe, or sign what is missing."""
    till = night.row(Till, lambda row: row.status is not TillStatus.CLOSED or night.perhaps(0.1))
    path = f"{WORK}/tills/{till.id}/close"
    if till.status is TillStatus.ENDED and night.perhaps(0.6):
        body: dict[str, object] = {"kind": "sign", "note": "seen"}
        await night.ask(await night.head(), "POST", path, body)
        return
    body = {
        "kind": "count",
        "counted": [{"denomination_minor": 100, "count": night.one((90, 100))}],
    }
    if night.perhaps(0.4):
        body = {"kind": "drop", "amount_minor": night.one((100, 900))}
    who = await night.of_user(till.staff_id) if night.perhaps(0.8) else await night.worker()
    await night.ask(who, "POST", path, body)


@step(4)
async def have_a_break(night: Night) -> None:
    staff = await on_duty(night)
    body = {"action": night.one(("start", "end")), "paid": night.perhaps(0.5)}
    await night.ask(staff, "POST", f"{WORK}/breaks", body)


@step(3)
async def give_a_task(night: Night) -> None:
    head = await night.head()
    body: dict[str, object] = {
        "venue_id": VENUE, "title": "Wipe the tables",
        "priority": night.one(("low", "normal", "high", "critical")),
    }  # fmt: skip
    if night.perhaps(0.6):
        body["due_at"] = night.at(night.one((1, 5, 45)))
    if night.perhaps(0.5):
        body["assignee_id"] = (await on_duty(night)).user_id
    else:
        body["auto"] = night.perhaps(0.5)
    await night.ask(head, "POST", f"{WORK}/tasks", body)


ANY: Final = ("accepted", "in_progress", "blocked", "done")
NEXT: Final = {
    TaskStatus.OPEN: ("accepted",),
    TaskStatus.ACCEPTED: ("in_progress", "done"),
    TaskStatus.IN_PROGRESS: ("blocked", "done"),
    TaskStatus.BLOCKED: ("in_progress",),
}


@step(9)
async def move_a_task_on(night: Night) -> None:
    task = night.row(
        StaffTask, lambda row: row.status not in (TaskStatus.DONE, TaskStatus.CANCELLED)
    )
    owner_id = task.assignee_id
    who = await night.staff() if owner_id is None else await night.of_user(owner_id)
    likely = NEXT[task.status] if night.perhaps(0.8) else ANY
    status = night.one(likely)
    body = {"status": status, "reason": "no key"} if status == "blocked" else {"status": status}
    await night.ask(who, "PATCH", f"{WORK}/tasks/{task.id}", body, version=task.version)


@step(5)
async def pass_a_task_on(night: Night) -> None:
    head = await night.head()
    task = night.row(StaffTask, lambda row: row.status in UNFINISHED or night.perhaps(0.05))
    body = night.one(
        (
            {"auto": True},
            {"assignee_id": (await on_duty(night)).user_id},
            {"cancel": True, "reason": "done by rain"},
        )
    )
    await night.ask(head, "POST", f"{WORK}/tasks/{task.id}/reassign", body)


@step(3)
async def hand_over(night: Night) -> None:
    """Write one, or say that it was read."""
    staff = await on_duty(night)
    given = night.rows(ShiftHandover)
    if given and night.perhaps(0.5):
        body: dict[str, object] = {"ack": True, "handover_id": str(night.one(given).id)}
    else:
        watch = [{"session_id": str(row.id)} for row in night.rows(Session)[:2]]
        body = {"note": "mind the stairs", "watch": watch, "faults_seen": ["lamp"]}
    await night.ask(staff, "POST", f"{WORK}/handover", body)


@step(1)
async def plan_a_week(night: Night) -> None:
    head, staff = await night.head(), await night.staff()
    today = night.now.date()
    monday = today + timedelta(days=7 - today.weekday() + 7 * night.random.randint(0, 1))
    begin = night.now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(
        days=(monday - today).days + night.random.randint(0, 4)
    )
    shift = {
        "starts_at": instant(begin), "ends_at": instant(begin + timedelta(hours=6)),
        "staff_id": staff.user_id,
    }  # fmt: skip
    body = {
        "venue_id": VENUE, "week": monday.isoformat(), "shifts": [shift],
        "publish": night.perhaps(0.5),
    }  # fmt: skip
    await night.ask(head, "PUT", f"{WORK}/schedule", body, version=1)


@step(3)
async def raise_an_sos(night: Night) -> Heard:
    """Rule 8: it is always taken, of whoever is staff; who is no more has no token for it."""
    who = await night.worker()
    body: dict[str, object] = {}
    if night.perhaps(0.6):
        body = {
            "venue_id": VENUE, "severity": night.one(("medium", "high", "critical")),
            "silent": night.perhaps(0.2), "note": "by the bar",
        }  # fmt: skip
    heard = await night.ask(who, "POST", "/api/emergency/sos", body)
    if heard.status == 403:
        await night.house.wait_flushed()
        lost = night.rows(
            UserRole, lambda row: row.revoked_at is not None and row.revoked_at > night.began
        )
        assert who.user_id in {str(row.user_id) for row in lost}, heard
        return heard
    assert heard.status in {200, 201}, heard
    return heard


@step(8)
async def answer_an_sos(night: Night) -> None:
    incident = night.row(Incident, lambda row: row.status in OPEN_INCIDENT or night.perhaps(0.1))
    actions = ("acknowledge", "acknowledge", "on_scene", "need_backup", "resolve", "false_alarm")
    body = {"action": night.one(actions), "note": "on my way"}
    path = f"/api/emergency/sos/{incident.id}/respond"
    await night.ask(await night.worker(), "POST", path, body)
