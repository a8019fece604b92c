"""Plans of weeks (Rule 13): drafted as often as need be, then published to those who work them.

Draft and plan are sets of rows of their own. Publishing makes the plan what was given, or else
what was drafted; a shift that stays as it was keeps its row, and what is taken out of the plan is
cancelled, not deleted. The week's version counts every change of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from actors.rules import business_day
from actors.rules.permissions import refuse_at_venue
from actors.rules.preconditions import refuse_version
from actors.rules.profile import VenueProfile
from actors.rules.rosters import WEEK, refuse_clashes
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.runtime.telling import tell
from actors.venue.plan_rows import Change, drafted, living, named, published, rows_of
from actors.venue.state import VenueState
from protocol.addresses import PLATFORM, Role
from protocol.domain_limits import SCHEDULE_WEEKS_AHEAD_MAX
from protocol.errors import Code, FieldError, Refusal
from protocol.events.staff import SchedulePublished
from protocol.internal.schedules import ClaimShifts, PlannedSlot, ShiftsClaimed
from protocol.operations.staff_work import PlannedShift, PublishSchedule
from protocol.reads import Read, Since
from protocol.records.runtime import ScheduleWeek
from protocol.records.staff import StaffSchedule
from protocol.records.states import RoleName, ScheduleStatus
from protocol.records.users import UserRole
from protocol.replies.staff import ScheduledShift, ScheduleReply

WEEK_READ: Final = Read(ScheduleWeek, by="venue_id", where=(Since("ends_at", 8 * 24 * 3600),))
"""Weeks that can still change; those over for longer are refused."""
UNCHANGED_VERSION: Final = 1
"""Of a week that was never planned."""
_WORKING: Final = (RoleName.STAFF, RoleName.MANAGEMENT, RoleName.OWNER)


def version_of(state: VenueState, week: date) -> int:
    """How often a week's plan was changed, plus one: its ETag."""
    known = state.get(ScheduleWeek, state.venue_id, week)
    return UNCHANGED_VERSION + (0 if known is None else known.version)


@decides(PublishSchedule)
def decide_publish_schedule(
    state: VenueState, command: PublishSchedule, context: Context
) -> Decision:
    """Replace the draft at once; a plan is published once the platform knows of no clash."""
    assert context.principal is not None, "whoever plans is signed in"
    whose = f"the schedule of the week of {command.week}"
    version = version_of(state, command.week)
    refusal = (
        refuse_at_venue(context.principal, Role.MANAGEMENT, state.venue_id)
        or _refuse_week(state.profile, command.week, context)
        or refuse_version(context.expected_version, version, whose=whose)
        or _refuse_shifts(state, command)
    )
    if refusal is not None:
        return refusal
    slots = _slots(state, command, context)
    if isinstance(slots, Refusal):
        return slots
    others = (
        row
        for row in living(state)
        if row.week != command.week and row.status is ScheduleStatus.PUBLISHED
    )
    refusal = refuse_clashes((*slots, *others))
    if refusal is not None:
        return refusal
    if command.publish:
        claim = ClaimShifts(
            venue_id=state.venue_id, week=command.week, expected_version=version, plan=slots
        )
        return Outcome(reply=LATER, sends=(Send(PLATFORM, claim),))
    return _written(state, command.week, drafted(state, command.week, slots, context), context)


@decides(ShiftsClaimed)
def decide_shifts_claimed(state: VenueState, command: ShiftsClaimed, context: Context) -> Decision:
    """Publish, unless the week was changed while the platform was asked."""
    whose = f"the schedule of the week of {command.week}"
    version = version_of(state, command.week)
    refusal = refuse_version(command.expected_version, version, whose=whose)
    if refusal is not None:
        return refusal
    change = published(state, command.week, command.plan, context)
    return _written(state, command.week, change, context, publish=True)


def _refuse_week(profile: VenueProfile, week: date, context: Context) -> Refusal | None:
    """Weeks that are over stay as they were, and nobody plans years ahead."""
    today = business_day.business_day_of(context.now, profile.tz, profile.settings.cutover)
    monday = today - timedelta(days=today.weekday())
    last = monday + SCHEDULE_WEEKS_AHEAD_MAX * WEEK
    if monday <= week <= last:
        return None
    detail = f"must be from {monday}, this week, to {last}; is {week}"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError("/week", "out_of_range", detail),)
    )


def _refuse_shifts(state: VenueState, command: PublishSchedule) -> Refusal | None:
    given = command.shifts
    if given is None:
        # What could be planned when it was drafted need not be possible any more.
        draft = rows_of(state, command.week, ScheduleStatus.DRAFT)
        given = tuple(_as_given(row) for row in draft)
    errors = tuple(
        error
        for n, shift in enumerate(given)
        for error in _faults(state, command.week, f"/shifts/{n}", shift)
    )
    if not errors:
        return None
    detail = "; ".join(f"{error.pointer} {error.detail}" for error in errors[:5])
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def _faults(
    state: VenueState, week: date, pointer: str, shift: PlannedShift
) -> Iterator[FieldError]:
    profile = state.profile
    day = business_day.business_day_of(shift.starts_at, profile.tz, profile.settings.cutover)
    if not week <= day < week + WEEK:
        yield FieldError(f"{pointer}/starts_at", "out_of_range", f"is on {day}, not in that week")
    if shift.role not in _WORKING:
        yield FieldError(f"{pointer}/role", "not_allowed", "must be staff, management or owner")
    if shift.staff_id is not None and not _works_here(state, shift.staff_id):
        yield FieldError(f"{pointer}/staff_id", "unknown", "is nobody who works at this venue")
    if shift.schedule_id is not None:
        row = state.get(StaffSchedule, shift.schedule_id)
        if row is None or row.week != week or row.deleted_at is not None:
            yield FieldError(f"{pointer}/schedule_id", "unknown", "is no shift of that week")


def _works_here(state: VenueState, staff_id: UUID) -> bool:
    return any(
        held.user_id == staff_id and held.role in _WORKING and held.revoked_at is None
        for held in state.all(UserRole)
    )


def _slots(
    state: VenueState, command: PublishSchedule, context: Context
) -> tuple[PlannedSlot, ...] | Refusal:
    """What is given, else the draft, each shift with the id that it has or will have."""
    planned = rows_of(state, command.week, ScheduleStatus.PUBLISHED)
    draft = rows_of(state, command.week, ScheduleStatus.DRAFT)
    if command.shifts is None:
        if not draft:
            detail = "there is no draft to publish; give the shifts"
            return Refusal(
                Code.VALIDATION_FAILED, detail, errors=(FieldError("/shifts", "required", detail),)
            )
        given: Iterable[PlannedShift] = (_as_given(row) for row in draft)
    else:
        given = command.shifts
    own = planned if command.publish else draft
    return tuple(named(given, own, context))


def _as_given(row: StaffSchedule) -> PlannedShift:
    return PlannedShift(
        staff_id=row.staff_id, role=row.role, starts_at=row.starts_at, ends_at=row.ends_at
    )


def _written(
    state: VenueState, week: date, change: Change, context: Context, *, publish: bool = False
) -> Outcome:
    assert context.principal is not None
    venue_id, by = state.venue_id, context.principal.user_id
    version = version_of(state, week) + 1
    profile = state.profile
    ends_at = business_day.start_of(week + WEEK, profile.tz, profile.settings.cutover)
    header = ScheduleWeek(
        venue_id=venue_id, week=week, ends_at=ends_at, version=version - UNCHANGED_VERSION
    )
    line = audited(
        context,
        "schedule.published" if publish else "schedule.drafted",
        "schedule",
        f"{venue_id}/{week}",
        venue_id=venue_id,
        after={"version": version, "changed": [str(id_) for id_ in change.changed]},
    )
    told = SchedulePublished(week=week, version=version, changed_shift_ids=change.changed, by=by)
    return Outcome(
        reply=_reply(state, week, change, version),
        changes=(header, *change.rows),
        appends=(line,),
        events=(tell(told, venue_id=venue_id, version=version),) if publish else (),
    )


def _reply(state: VenueState, week: date, change: Change, version: int) -> ScheduleReply:
    """Plan and draft as they are with the change."""
    shown = (ScheduleStatus.PUBLISHED, ScheduleStatus.DRAFT)
    rows = {row.id: row for row in living(state) if row.week == week}
    rows |= {row.id: row for row in change.rows}
    found = (row for row in rows.values() if row.status in shown and row.deleted_at is None)
    return ScheduleReply(
        venue_id=state.venue_id,
        week=week,
        shifts=tuple(
            ScheduledShift(
                schedule_id=row.id,
                staff_id=row.staff_id,
                role=row.role,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                status=row.status,
                version=row.version,
            )
            for row in sorted(found, key=lambda row: (row.starts_at, row.id.bytes))
        ),
        version=version,
    )
