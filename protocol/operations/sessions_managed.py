"""Visits as those who run the floor see and change them, and visits that are over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import integer, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import query, session
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import Activity, ForceReason, SessionStatus
from protocol.replies.sessions import CheckedOut
from protocol.replies.sessions_managed import (
    SessionHistoryList,
    SessionLengthened,
    SessionRows,
    SessionUpdated,
    VoidedSession,
)
from protocol.values import Cursor, Name, Note, PageSize, PartySize, Reason, Zone


@command
class ListSessions(Command):
    """Sessions of the caller's venues, open or over, newest first."""

    venue_id: UUID | None = None
    status: SessionStatus | None = None
    activity: Activity | None = None
    zone: Zone | None = None
    user_id: UUID | None = None
    safety_level: Annotated[int | None, integer(0, 5)] = None
    business_day: dt.date | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class ListSessionHistory(Command):
    """Sessions that are over: own ones, or for staff those of their venues."""

    venue_id: UUID | None = None
    user_id: UUID | None = None
    business_day: dt.date | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class UpdateSession(Command):
    """Change what staff may say of a visit; what is missing stays, an empty text is taken away."""

    session_id: UUID
    party_size: PartySize | None = None
    table: Annotated[str | None, text(max=60)] = None
    zone: Annotated[str | None, text(max=60)] = None
    note: Note | None = None
    display_name: Name | None = None

    def faults(self) -> Iterable[FieldError]:
        """A change changes something."""
        given = (self.party_size, self.table, self.zone, self.note, self.display_name)
        if all(value is None for value in given):
            yield FieldError("/party_size", "required", "name at least one thing to change")


@command
class VoidSession(Command):
    """Take a mistaken check-in back."""

    session_id: UUID
    reason: Reason


@command
class ExtendSession(Command):
    """Lengthen a booking by whole blocks, by one if no minutes are given."""

    session_id: UUID
    minutes: Annotated[int | None, integer(1, 720)] = None


@command
class ForceCheckOut(Command):
    """End a visit against the patron's will; `effective_at` is when it ended, if not now."""

    session_id: UUID
    reason_code: ForceReason
    effective_at: dt.datetime | None = None


_ACCEPTED: Final = KeyRule.ACCEPTED

# fmt: off
OPERATIONS: Final = in_category(
    "Sessions",
    Operation(
        ListSessions, Role.STAFF, "GET /api/sessions", query("sessions"), SessionRows,
        summary="Sessions of the caller's venues, filtered, newest first.",
    ),
    Operation(
        ListSessionHistory, Role.PATRON, "GET /api/sessions/history", query("session_history"),
        SessionHistoryList,
        summary="Closed and voided sessions with what they cost; own ones, or the venue's.",
    ),
    Operation(
        UpdateSession, Role.STAFF, "PATCH /api/sessions/{session_id}", session("session_id"),
        SessionUpdated,
        summary="Change party size, table, zone, note or display name.",
        key=_ACCEPTED, precondition=True,
        errors=(Code.SESSION_CLOSED, Code.CAPACITY_FULL),
        emits=("session.status_changed",),
    ),
    Operation(
        VoidSession, Role.MANAGEMENT, "DELETE /api/sessions/{session_id}", session("session_id"),
        VoidedSession,
        summary="Void a mistaken check-in within 10 minutes, before anything is bought.",
        key=_ACCEPTED,
        errors=(Code.SESSION_NOT_VOIDABLE, Code.VERSION_CONFLICT),
        emits=("session.voided", "venue.occupancy_changed", "credits.balance_changed"),
    ),
    Operation(
        ExtendSession, Role.PATRON, "POST /api/sessions/{session_id}/extend",
        session("session_id"), SessionLengthened,
        summary="Lengthen a booking by whole blocks.",
        key=_ACCEPTED,
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.SPEND_LIMIT_REACHED, Code.ROOM_RESERVED,
            Code.TIME_LIMIT_REACHED, Code.INVALID_TRANSITION,
        ),
        emits=("session.extended", "credits.balance_changed"),
    ),
    Operation(
        ForceCheckOut, Role.MANAGEMENT, "POST /api/sessions/{session_id}/force-checkout",
        session("session_id"), CheckedOut,
        summary="Close a session against the patron's will, with a reason.",
        key=_ACCEPTED,
        errors=(Code.SESSION_CLOSED,),
        emits=(
            "session.checked_out", "venue.occupancy_changed", "transaction.posted",
            "credits.balance_changed", "safety.intervention_updated",
        ),
    ),
)
# fmt: on
