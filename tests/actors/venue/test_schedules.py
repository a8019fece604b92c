"""Rule 13: weeks are drafted and published, and nobody is planned where they can't be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.runtime.outcome import LATER, Outcome
from actors.venue.plan_rows import rows_of
from actors.venue.schedules import version_of
from protocol.addresses import PLATFORM
from protocol.errors import Code
from protocol.internal.schedules import ClaimShifts, ShiftsClaimed
from protocol.operations.staff_work import GetSchedule, PlannedShift, PublishSchedule
from protocol.records.platform import AuditEntry
from protocol.records.states import RoleName, ScheduleStatus
from protocol.records.users import UserRole
from protocol.replies.staff import ScheduleReply
from tests.actors.deciding import refused, refused_with
from tests.actors.venue.work_kit import (
    ANNA,
    BEN,
    CHIEF,
    OTHER_VENUE,
    House,
    events_of,
    who,
)

WEEK = date(2026, 11, 23)
"""Next week: it is Friday night in Tokyo."""
EVENING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Monday at 18:00 there."""
HOUR = timedelta(hours=1)
PLAN, DRAFT = ScheduleStatus.PUBLISHED, ScheduleStatus.DRAFT


def a_shift(day: int = 0, staff_id: UUID | None = ANNA, **changes: Any) -> PlannedShift:
    """Six hours of an evening of that week."""
    starts_at = EVENING + day * 24 * HOUR
    known = {"staff_id": staff_id, "starts_at": starts_at, "ends_at": starts_at + 6 * HOUR}
    return PlannedShift(**(known | changes))


def put(
    house: House, *shifts: PlannedShift, publish: bool = False, version: int | None = -1, **f: Any
) -> Outcome:
    """Draft or publish; what the platform would say comes at once. -1: the version there is."""
    given: dict[str, Any] = {"week": WEEK, "shifts": shifts, "publish": publish} | f
    expected = version_of(house.state, given["week"]) if version == -1 else version
    outcome = house.do(PublishSchedule(**given), who(CHIEF), version=expected)
    if outcome.reply is not LATER:
        return outcome
    (send,) = outcome.sends
    claim = send.command
    assert isinstance(claim, ClaimShifts)
    assert send.target == PLATFORM
    return house.do(_claimed(claim), who(CHIEF))


def _claimed(claim: ClaimShifts) -> ShiftsClaimed:
    return ShiftsClaimed(week=claim.week, expected_version=claim.expected_version, plan=claim.plan)


def reply_of(outcome: Outcome) -> ScheduleReply:
    assert isinstance(outcome.reply, ScheduleReply), outcome.reply
    return outcome.reply


def test_a_draft_is_managements_own_until_it_is_published() -> None:
    """Nobody hears of it; the week's version counts it all the same."""
    house = House()
    outcome = put(house, a_shift(), a_shift(1, None))
    reply = reply_of(outcome)
    assert (reply.version, [s.status for s in reply.shifts]) == (2, [DRAFT, DRAFT])
    assert outcome.events == ()
    (line,) = outcome.appends
    assert isinstance(line, AuditEntry)
    assert line.action == "schedule.drafted"


def test_a_draft_is_published_as_it_stands() -> None:
    """Everyone hears which shifts are new; the draft is used up."""
    house = House()
    put(house, a_shift(), a_shift(1, BEN))
    outcome = put(house, shifts=None, publish=True)
    reply = reply_of(outcome)
    assert [s.status for s in reply.shifts] == [PLAN, PLAN]
    (told,) = events_of(outcome, "schedule.published")
    assert (told["week"], told["version"], told["by"]) == ("2026-11-23", 3, str(CHIEF))
    assert set(told["changed_shift_ids"]) == {str(s.schedule_id) for s in reply.shifts}
    assert rows_of(house.state, WEEK, DRAFT) == ()


def test_a_draft_that_has_become_impossible_is_not_published() -> None:
    """Who was planned may not work here any more."""
    house = House()
    put(house, a_shift(), a_shift(1, BEN))
    for role in house.state.all(UserRole):
        if role.user_id == BEN:
            house.state.put(role.revised(revoked_at=EVENING, revoked_by=CHIEF))
    refusal = refused(put(house, shifts=None, publish=True))
    assert [error.pointer for error in refusal.errors] == ["/shifts/1/staff_id"]


def test_a_draft_that_a_later_plan_leaves_no_rest_is_not_published() -> None:
    """What was drafted first may have been overtaken by the plan of the week before."""
    house = House()
    put(house, a_shift())
    sunday = a_shift(-1, starts_at=EVENING - 18 * HOUR, ends_at=EVENING - 10 * HOUR)
    put(house, sunday, publish=True, week=WEEK - timedelta(days=7))
    assert refused_with(put(house, shifts=None, publish=True)) is Code.REST_RULE_VIOLATED


def test_what_stays_as_it_was_keeps_its_row_and_is_not_told() -> None:
    """Who clocks in names the shift; and nobody is told of what does not concern them."""
    house = House()
    first = reply_of(put(house, a_shift(), a_shift(1, BEN), a_shift(2), publish=True))
    kept, changed, gone = (s.schedule_id for s in first.shifts)
    later = a_shift(1, BEN, schedule_id=changed, ends_at=EVENING + 32 * HOUR)
    outcome = put(house, a_shift(), later, a_shift(3), publish=True)
    second = reply_of(outcome)
    new = next(s.schedule_id for s in second.shifts if s.schedule_id not in (kept, changed))
    assert {s.schedule_id for s in second.shifts} == {kept, changed, new}
    (told,) = events_of(outcome, "schedule.published")
    assert set(told["changed_shift_ids"]) == {str(changed), str(new), str(gone)}
    assert [r.id for r in rows_of(house.state, WEEK, ScheduleStatus.CANCELLED)] == [gone]
    row = next(r for r in rows_of(house.state, WEEK, PLAN) if r.id == changed)
    assert (row.version, row.ends_at) == (2, EVENING + 32 * HOUR)


def test_a_draft_leaves_the_plan_as_it_is() -> None:
    """People work by the plan while the next one is thought about."""
    house = House()
    put(house, a_shift(), publish=True)
    reply = reply_of(put(house, a_shift(1), a_shift(2)))
    assert [s.status for s in reply.shifts] == [PLAN, DRAFT, DRAFT]
    reply = reply_of(put(house, a_shift(1)))
    assert [s.status for s in reply.shifts] == [PLAN, DRAFT]


def test_an_empty_plan_cancels_all_of_it() -> None:
    """A week off is a plan too, if it is said."""
    house = House()
    put(house, a_shift(), publish=True)
    outcome = put(house, publish=True)
    assert reply_of(outcome).shifts == ()
    assert len(events_of(outcome, "schedule.published")[0]["changed_shift_ids"]) == 1


def test_of_two_planners_one_is_let_through() -> None:
    """Rule 12: by the week's version, whatever of the week they changed."""
    house = House()
    put(house, a_shift(), version=1)
    for publish in (True, False):
        refusal = refused(put(house, a_shift(1), publish=publish, version=1))
        assert (refusal.code, refusal.current_version) == (Code.VERSION_CONFLICT, 2)
    assert refused_with(put(house, a_shift(), version=None)) is Code.PRECONDITION_REQUIRED


def test_a_week_that_was_changed_while_the_platform_was_asked_is_not_published() -> None:
    """The platform is told to take its claims back."""
    house = House()
    command = PublishSchedule(week=WEEK, shifts=(a_shift(),), publish=True)
    claim = house.do(command, who(CHIEF), version=1).sends[0].command
    assert isinstance(claim, ClaimShifts)
    put(house, a_shift(1))
    assert refused_with(house.do(_claimed(claim), who(CHIEF))) is Code.VERSION_CONFLICT


@pytest.mark.parametrize("publish", [True, False])
@pytest.mark.parametrize(
    ("starts", "code"),
    [(5, Code.SCHEDULE_OVERLAP), (16, Code.REST_RULE_VIOLATED), (17, None)],
)
def test_overlaps_and_short_rests_are_refused(
    starts: int, code: Code | None, publish: bool
) -> None:
    """The first shift ends after six hours; eleven of rest come before the next."""
    starts_at = EVENING + starts * HOUR
    second = a_shift(starts_at=starts_at, ends_at=starts_at + 4 * HOUR)
    outcome = put(House(), a_shift(), second, publish=publish)
    assert (None if code is None else refused_with(outcome)) is code


def test_the_week_before_counts_for_rest_too() -> None:
    """Sunday night and Monday morning are in two plans and one body."""
    house = House()
    sunday = a_shift(-1, starts_at=EVENING - 18 * HOUR, ends_at=EVENING - 10 * HOUR)
    put(house, sunday, publish=True, week=WEEK - timedelta(days=7))
    assert refused_with(put(house, a_shift(), publish=True)) is Code.REST_RULE_VIOLATED


def test_what_does_not_fit_is_said_shift_by_shift() -> None:
    """Another week, nobody who works here, a role that is no work, a shift that is not there."""
    shifts = (
        a_shift(7),
        a_shift(0, UUID(int=5)),
        a_shift(1, None, role=RoleName.PATRON),
        a_shift(2, schedule_id=UUID(int=6)),
    )
    refusal = refused(put(House(), *shifts))
    assert refusal.code is Code.VALIDATION_FAILED
    assert [error.pointer for error in refusal.errors] == [
        "/shifts/0/starts_at",
        "/shifts/1/staff_id",
        "/shifts/2/role",
        "/shifts/3/schedule_id",
    ]


@pytest.mark.parametrize("weeks", [-1, 54])
def test_weeks_that_are_over_or_far_ahead_are_not_planned(weeks: int) -> None:
    """This week may still be; it is the one before `WEEK`."""
    this_week = WEEK - timedelta(days=7)
    refusal = refused(put(House(), week=this_week + weeks * timedelta(days=7)))
    assert (refusal.code, refusal.errors[0].pointer) == (Code.VALIDATION_FAILED, "/week")
    assert reply_of(put(House(), week=this_week)).version == 2


def test_without_shifts_and_without_a_draft_there_is_nothing_to_publish() -> None:
    """An empty plan has to be said."""
    refusal = refused(put(House(), shifts=None, publish=True))
    assert refusal.errors[0].pointer == "/shifts"


def test_only_management_of_this_venue_plans() -> None:
    """Rule 15."""
    command = PublishSchedule(week=WEEK, shifts=())
    assert refused_with(House().do(command, who(ANNA), version=1)) is Code.FORBIDDEN
    elsewhere = who(CHIEF, OTHER_VENUE)
    assert refused_with(House().do(command, elsewhere, version=1)) is Code.NOT_FOUND


@pytest.mark.parametrize(
    "command",
    [
        PublishSchedule(week=date(2026, 11, 24), shifts=()),
        PublishSchedule(week=WEEK),
        PublishSchedule(week=WEEK, shifts=(a_shift(ends_at=EVENING),)),
        PublishSchedule(week=WEEK, shifts=(a_shift(ends_at=EVENING + 25 * HOUR),)),
        PublishSchedule(
            week=WEEK, shifts=(a_shift(schedule_id=ANNA), a_shift(1, schedule_id=ANNA))
        ),
        GetSchedule(week=date(2026, 11, 24)),
    ],
)
def test_plans_that_can_not_be_have_faults(command: Any) -> None:
    """They are refused before anybody decides on them."""
    assert list(command.faults())
