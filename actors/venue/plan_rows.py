"""A week's draft and plan as rows: which are kept, which are new, and what is taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from actors.runtime.outcome import Context
from actors.venue.state import VenueState
from protocol.internal.schedules import PlannedSlot
from protocol.operations.staff_work import PlannedShift
from protocol.records.staff import StaffSchedule
from protocol.records.states import ScheduleStatus


class Change(NamedTuple):
    """What a new draft or plan comes to: rows to write, and the shifts that people see changed."""

    rows: tuple[StaffSchedule, ...]
    changed: tuple[UUID, ...]


def rows_of(state: VenueState, week: date, status: ScheduleStatus) -> tuple[StaffSchedule, ...]:
    """A week's draft, or its plan, in order of time."""
    found = (r for r in living(state) if r.week == week and r.status is status)
    return tuple(sorted(found, key=lambda row: (row.starts_at, row.id.bytes)))


def living(state: VenueState) -> Iterator[StaffSchedule]:
    """All planned shifts that were not deleted, cancelled ones too."""
    return (row for row in state.all(StaffSchedule) if row.deleted_at is None)


def named(
    given: Iterable[PlannedShift], own: Sequence[StaffSchedule], context: Context
) -> Iterator[PlannedSlot]:
    """Give each shift the row that it keeps: the one it names, else one that is just the same."""
    shifts = tuple(given)
    free = {row.id: row for row in own}
    for shift in shifts:
        if shift.schedule_id is not None:
            free.pop(shift.schedule_id, None)
    ids = {row.id for row in own}
    for shift in shifts:
        schedule_id = shift.schedule_id if shift.schedule_id in ids else None
        if schedule_id is None:
            same = next((row for row in free.values() if _is_same(row, shift)), None)
            if same is not None:
                del free[same.id]
            schedule_id = context.fresh_id() if same is None else same.id
        yield PlannedSlot(
            schedule_id=schedule_id,
            staff_id=shift.staff_id,
            role=shift.role,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
        )


def _is_same(row: StaffSchedule, shift: PlannedShift | PlannedSlot) -> bool:
    return (row.staff_id, row.role, row.starts_at, row.ends_at) == (
        shift.staff_id,
        shift.role,
        shift.starts_at,
        shift.ends_at,
    )


def drafted(
    state: VenueState, week: date, slots: Sequence[PlannedSlot], context: Context
) -> Change:
    """The draft becomes what the slots say."""
    before = rows_of(state, week, ScheduleStatus.DRAFT)
    kept = _kept(state, week, slots, ScheduleStatus.DRAFT)
    ids = {slot.schedule_id for slot in slots}
    dropped = tuple(row.revised(deleted_at=context.now) for row in before if row.id not in ids)
    return Change(rows=(*kept, *dropped), changed=())


def published(
    state: VenueState, week: date, slots: Sequence[PlannedSlot], context: Context
) -> Change:
    """The plan becomes what the slots say; the draft is used up."""
    kept = _kept(state, week, slots, ScheduleStatus.PUBLISHED)
    ids = {slot.schedule_id for slot in slots}
    cancelled = tuple(
        row.revised(status=ScheduleStatus.CANCELLED)
        for row in rows_of(state, week, ScheduleStatus.PUBLISHED)
        if row.id not in ids
    )
    used = tuple(
        row.revised(deleted_at=context.now) for row in rows_of(state, week, ScheduleStatus.DRAFT)
    )
    changed = tuple(row.id for row in (*kept, *cancelled))
    return Change(rows=(*kept, *cancelled, *used), changed=changed)


def _kept(
    state: VenueState, week: date, slots: Sequence[PlannedSlot], status: ScheduleStatus
) -> tuple[StaffSchedule, ...]:
    """Rows for the slots that are new or differ from what they were."""
    rows = []
    for slot in slots:
        known = state.get(StaffSchedule, slot.schedule_id)
        if known is None:
            row = StaffSchedule(
                id=slot.schedule_id,
                venue_id=state.venue_id,
                week=week,
                staff_id=slot.staff_id,
                role=slot.role,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                status=status,
            )
            rows.append(row)
        elif not _is_same(known, slot):
            rows.append(
                known.revised(
                    staff_id=slot.staff_id,
                    role=slot.role,
                    starts_at=slot.starts_at,
                    ends_at=slot.ends_at,
                )
            )
    return tuple(rows)
