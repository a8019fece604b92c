"""Shifts, plans, tasks and figures, with the eyes of staff, management and strangers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from protocol.codec import Invalid
from protocol.errors import Code
from protocol.operations.staff_work import GetSchedule, ListShifts, ListTasks
from protocol.records.ledger import Till
from protocol.records.money_states import TillStatus
from protocol.records.runtime import ScheduleWeek
from protocol.records.staff import StaffSchedule
from protocol.records.states import (
    RoleName,
    ScheduleStatus,
    ShiftStatus,
    TaskPriority,
    TaskStatus,
)
from protocol.records.values import ShiftBreak
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Connection, Database
from storage.postgres.queries_staff import SQL, schedule, shifts, tasks
from tests.storage.query_world import asked_by, asking, store
from tests.storage.samples import NOON, a, an_id
from tests.storage.staff_world import (
    ANNA,
    BEN,
    CHIEF,
    EVERYWHERE,
    HERE,
    HOUR,
    MINUTE,
    MONDAY,
    STAFF,
    STRANGER,
    THERE,
    VENUES,
    a_shift,
    a_task,
)


async def list_shifts(database: Database, principal: Any, **values: Any) -> Any:
    command = ListShifts(**values)
    asked = asked_by(principal, command.venue_id)
    async with asking(database, asked) as connection:
        return await shifts(connection, command, asked)


async def list_tasks(database: Database, principal: Any, **values: Any) -> Any:
    command = ListTasks(**values)
    asked = asked_by(principal, command.venue_id)
    async with asking(database, asked) as connection:
        return await tasks(connection, command, asked)


async def week(database: Database, principal: Any, **values: Any) -> Any:
    command = GetSchedule(**values)
    asked = asked_by(principal, command.venue_id)
    async with asking(database, asked) as connection:
        return await schedule(connection, command, asked)


@pytest.mark.parametrize("venue_id", [HERE, None])
async def test_staff_see_their_own_shifts_and_management_the_venues(
    database: Database, venue_id: Any
) -> None:
    """Newest first; what a colleague earned is not theirs to see, named or not."""
    mine, theirs = a_shift(ANNA), a_shift(BEN)
    await store(database, *VENUES, mine, theirs, a_shift(BEN, venue_id=THERE))

    async def seen(principal: Any, **values: Any) -> list[Any]:
        page = await list_shifts(database, principal, venue_id=venue_id, **values)
        return [shift.shift_id for shift in page.items]

    assert await seen(STAFF) == [mine.id]
    assert await seen(STAFF, staff_id=BEN) == []
    assert await seen(CHIEF) == [theirs.id, mine.id]
    assert await seen(CHIEF, staff_id=ANNA) == [mine.id]
    assert await seen(CHIEF, status=ShiftStatus.OPEN) == []


async def test_owners_of_everything_see_all_venues(database: Database) -> None:
    """Without a venue every one is meant."""
    await store(database, *VENUES, a_shift(ANNA), a_shift(BEN, venue_id=THERE))
    page = await list_shifts(database, EVERYWHERE)
    assert {shift.venue_id for shift in page.items} == {HERE, THERE}


async def test_everyone_who_works_sees_who_is_on_duty_by_name(database: Database) -> None:
    """And neither breaks nor minutes of them, but for management."""
    pause = (ShiftBreak(started_at=NOON - 15 * MINUTE),)
    on_break = a_shift(BEN, ShiftStatus.ON_BREAK, breaks=pause, display_name="Ben")
    gone = a_shift(BEN)
    await store(database, *VENUES, on_break, gone, a_shift(ANNA, ShiftStatus.OPEN))
    page = await list_shifts(database, STAFF, venue_id=HERE, open=True, staff_id=BEN)
    (seen,) = page.items
    assert (seen.display_name, seen.status) == ("Ben", ShiftStatus.ON_BREAK)
    assert (seen.breaks, seen.worked_minutes, seen.late, seen.version) == (None,) * 4
    assert len((await list_shifts(database, STAFF, venue_id=HERE, open=True)).items) == 2
    page = await list_shifts(database, CHIEF, venue_id=HERE, open=True, staff_id=BEN)
    (seen,) = page.items
    assert (seen.breaks, seen.worked_minutes, seen.break_minutes) == (pause, 285, 15)
    assert (await list_shifts(database, STRANGER, venue_id=HERE, open=True)).items == ()


async def test_shifts_have_their_flags(database: Database) -> None:
    """Late, ended by the day, waiting for review: of the last no minute is counted."""
    late = a_shift(ANNA, late_minutes=7)
    forgotten = a_shift(
        ANNA,
        ShiftStatus.NEEDS_REVIEW,
        auto_ended=True,
        breaks=(ShiftBreak(started_at=NOON - HOUR),),
    )
    await store(database, *VENUES, late, forgotten)
    one, two = (await list_shifts(database, CHIEF, venue_id=HERE)).items
    assert (one.needs_review, one.auto_ended, one.late) == (True, True, False)
    assert (one.worked_minutes, one.break_minutes) == (0, 0)
    assert (two.late, two.late_minutes, two.worked_minutes) == (True, 7, 240)


async def test_staff_see_their_own_tasks_and_those_that_nobody_has(database: Database) -> None:
    """Management sees the venue's; another venue's nobody sees from here."""
    mine, theirs, nobodys = a_task(ANNA), a_task(BEN), a_task(None)
    await store(database, *VENUES, mine, theirs, nobodys, a_task(None, venue_id=THERE))

    async def seen(principal: Any, **values: Any) -> list[Any]:
        page = await list_tasks(database, principal, venue_id=HERE, **values)
        return [task.task_id for task in page.items]

    assert await seen(STAFF) == [nobodys.id, mine.id]
    assert await seen(STAFF, assignee_id=BEN) == []
    assert await seen(CHIEF) == [nobodys.id, theirs.id, mine.id]
    assert await seen(CHIEF, assignee_id=BEN) == [theirs.id]
    assert await seen(STRANGER) == []


async def test_tasks_are_filtered_and_paged(database: Database) -> None:
    """Newest first, and nothing twice."""
    wanted = a_task(ANNA, priority=TaskPriority.HIGH, kind="welfare", status=TaskStatus.BLOCKED)
    others = [a_task(ANNA) for _ in range(4)]
    await store(database, *VENUES, wanted, *others)
    for values in ({"priority": "high"}, {"kind": "welfare"}, {"status": TaskStatus.BLOCKED}):
        page = await list_tasks(database, CHIEF, venue_id=HERE, **values)
        assert [task.task_id for task in page.items] == [wanted.id]
    found, cursor = [], None
    for _ in range(3):
        page = await list_tasks(database, CHIEF, limit=2, cursor=cursor)
        found += [task.task_id for task in page.items]
        cursor = page.next_cursor
    assert found == [task.id for task in (*reversed(others), wanted)]
    assert cursor is None


def planned(staff_id: Any, status: ScheduleStatus, **values: Any) -> Any:
    known = {
        "venue_id": HERE,
        "week": MONDAY,
        "staff_id": staff_id,
        "role": RoleName.STAFF,
        "status": status,
        "starts_at": NOON,
        "ends_at": NOON + HOUR,
        "deleted_at": None,
    }
    return a(StaffSchedule, **(known | values))


async def test_staff_see_their_own_plan_and_open_shifts_management_drafts_too(
    database: Database,
) -> None:
    """What is cancelled or was thrown away nobody sees."""
    mine = planned(ANNA, ScheduleStatus.PUBLISHED)
    theirs = planned(BEN, ScheduleStatus.PUBLISHED)
    nobodys = planned(None, ScheduleStatus.PUBLISHED)
    draft = planned(ANNA, ScheduleStatus.DRAFT)
    gone = (
        planned(ANNA, ScheduleStatus.CANCELLED),
        planned(BEN, ScheduleStatus.DRAFT, deleted_at=NOON),
        planned(BEN, ScheduleStatus.PUBLISHED, week=MONDAY + dt.timedelta(days=7),
                starts_at=NOON + 9 * HOUR, ends_at=NOON + 10 * HOUR),
    )  # fmt: skip
    await store(database, *VENUES, mine, theirs, nobodys, draft, *gone)
    for values in ({"venue_id": HERE, "week": MONDAY}, {"venue_id": HERE}, {}):
        seen = await week(database, STAFF, **values)
        assert (seen.week, seen.venue_id, seen.version) == (MONDAY, HERE, 1)
        assert {s.schedule_id for s in seen.shifts} == {mine.id, nobodys.id}
        seen = await week(database, CHIEF, **values)
        assert {s.schedule_id for s in seen.shifts} == {mine.id, theirs.id, nobodys.id, draft.id}


async def test_the_version_of_a_week_is_one_more_than_its_changes(database: Database) -> None:
    """As the venue counts it, so that the ETag that is shown is the one that is asked for."""
    changed = a(ScheduleWeek, venue_id=HERE, week=MONDAY, version=4)
    await store(database, *VENUES, changed)
    assert (await week(database, STAFF, venue_id=HERE)).version == 5
    async with asking(database, asked_by(STRANGER, THERE)) as connection:
        assert await connection.fetchval(SQL["schedule_version"].sql, HERE, MONDAY) == 1


async def test_a_plan_is_of_one_venue(database: Database) -> None:
    """Who works at several names one; for a venue that is not there it is 404."""
    await store(database, *VENUES)
    with pytest.raises(Invalid) as caught:
        await week(database, EVERYWHERE)
    assert caught.value.refusal().errors[0].pointer == "/venue_id"
    with pytest.raises(NotOnShow) as missing:
        await week(database, EVERYWHERE, venue_id=an_id())
    assert missing.value.refusal().code is Code.NOT_FOUND


async def test_the_count_of_a_till_is_blind_until_it_was_made(database: Database) -> None:
    """Rule 13: also for a till that the day ended, which is yet to be counted."""
    known = {
        "venue_id": HERE,
        "staff_id": ANNA,
        "status": TillStatus.ENDED,
        "expected_minor": 900,
        "closed_at": None,
    }
    uncounted = a(Till, **known, drawer="a", counted=None, counted_minor=None)
    counted = a(Till, **known, drawer="b", counted_minor=800)
    await store(database, *VENUES, uncounted, counted)
    async with asking(database, asked_by(STAFF, HERE)) as connection:
        rows = await connection.fetch("select id, expected_minor from tills_of_staff")
    assert {row["id"]: row["expected_minor"] for row in rows} == {
        uncounted.id: None,
        counted.id: 900,
    }


LISTS = (
    ("shifts", "staff_shifts_venue_id_id_idx", (HERE, 51, None, None, False)),
    ("shifts_of_person", "staff_shifts_staff_id_id_idx", ([HERE], None, 51, None, False, ANNA)),
    ("shifts_on_duty", "staff_shifts_on_duty_idx", ([HERE], None, 51, None, None)),
    ("tasks", "staff_tasks_venue_id_id_idx", (HERE, 51, None, None, None, None, None)),
    ("schedule", "staff_schedules_venue_id_week_idx", (HERE, MONDAY, True)),
)


@pytest.mark.parametrize(("block", "index", "values"), LISTS)
@pytest.mark.parametrize("principal", [STAFF, CHIEF])
async def test_each_list_is_answered_by_an_index(
    database: Database, block: str, index: str, values: Any, principal: Any
) -> None:
    """Two years of shifts must not be read for the last page of them."""
    async with asking(database, asked_by(principal, HERE)) as connection:
        plan = await _plan_of(connection, block, values)
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


async def _plan_of(connection: Connection, block: str, values: Any) -> str:
    await connection.execute("set local enable_seqscan = off")
    await connection.execute("set local enable_bitmapscan = off")
    rows = await connection.fetch(f"explain {SQL[block].sql}", *values)
    return "\n".join(row["QUERY PLAN"] for row in rows)
