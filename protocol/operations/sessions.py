"""A patron's visit: in, around and out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import PREPARED, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.operations.addresses import own_account, session, venue, venue_or_account
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import Activity
from protocol.replies.sessions import (
    CheckedIn,
    CheckedOut,
    LocationTaken,
    MeterQuote,
    SessionChanged,
    SessionDetail,
    SessionList,
)
from protocol.values import Fix, PartySize, Reason


@command
class CheckIn(Command):
    """Open a session at a venue; by staff for another, without code and fence.

    `code_step_at` is the start of the 30 s step that the code was made for, if it is one of ours
    and of this venue; whether the step still counts is decided (Rule 6).
    """

    venue_id: UUID
    qr_token: Annotated[str, text(min=1, max=300)] | None = None
    location: Fix | None = None
    party_size: PartySize = 1
    activity: Activity = Activity.LOUNGE
    reservation_id: UUID | None = None
    user_id: UUID | None = None
    code_step_at: Annotated[datetime | None, PREPARED] = None


@command
class ListActiveSessions(Command):
    """Own open session; for staff all of the venue."""

    venue_id: UUID | None = None


@command
class GetSession(Command):
    """One session with its segments and holds."""

    session_id: UUID


@command
class CheckOut(Command):
    """Stop the meter, settle and close; `carry_over` leaves unserved card orders open."""

    session_id: UUID
    carry_over: bool = False


@command
class PauseSession(Command):
    """Stop the meter for a break."""

    session_id: UUID
    reason: Reason | None = None


@command
class ResumeSession(Command):
    """Start the meter again; `reason` is staff's for overriding the fence."""

    session_id: UUID
    location: Fix | None = None
    reason: Reason | None = None


@command
class SwitchActivity(Command):
    """Close the running segment and open a new one, or move to another room."""

    session_id: UUID
    activity: Activity
    game_id: UUID | None = None
    room_id: UUID | None = None

    def faults(self) -> Iterable[FieldError]:
        """A session is at one station at most."""
        if self.game_id is not None and self.room_id is not None:
            yield FieldError("/room_id", "not_allowed", "a game and a room can't be had at once")
        if self.activity is Activity.KARAOKE_ROOM and self.room_id is None:
            yield FieldError("/room_id", "required", "karaoke_room needs the room")


@command
class ReportLocation(Command):
    """Where the patron's device was, in order of time."""

    session_id: UUID
    fixes: Annotated[tuple[Fix, ...], items(1, 20)]

    def faults(self) -> Iterable[FieldError]:
        """Hysteresis reads the fixes in order (Rule 6)."""
        for index in range(1, len(self.fixes)):
            if self.fixes[index].fix_at < self.fixes[index - 1].fix_at:
                yield FieldError(f"/fixes/{index}/fix_at", "not_in_order", "is before the last fix")


@command
class QuoteMeter(Command):
    """The running figures of a session."""

    session_id: UUID


_ACCEPTED: Final = KeyRule.ACCEPTED
_SETTLED: Final = ("session.status_changed", "credits.balance_changed")

# fmt: off
OPERATIONS: Final = in_category(
    "Sessions",
    Operation(
        CheckIn, Role.PATRON, "POST /api/sessions/checkin", venue("venue_id"), CheckedIn,
        summary="Open a session with the code at the door.",
        status=201, key=KeyRule.REQUIRED, offline=True, done_at="checked_in_at",
        prepare=("verify_checkin_code",),
        warm=(own_account,),
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.GEOFENCE_OUTSIDE, Code.LOCATION_UNTRUSTED,
            Code.EXCLUDED, Code.BANNED, Code.AGE_UNVERIFIED, Code.SESSION_ACTIVE,
            Code.VENUE_CLOSED, Code.CAPACITY_FULL, Code.SAFETY_HOLD_ACTIVE, Code.QR_EXPIRED,
            Code.LOCATION_INACCURATE,
        ),
        emits=(
            "session.checked_in", "venue.occupancy_changed", "venue.capacity_alert",
            "credits.balance_changed",
        ),
    ),
    Operation(
        ListActiveSessions, Role.PATRON, "GET /api/sessions/active", venue_or_account("venue_id"),
        SessionList,
        summary="Open sessions as they are now: own, or for staff all of the venue.",
    ),
    Operation(
        GetSession, Role.PATRON, "GET /api/sessions/{session_id}", session("session_id"),
        SessionDetail,
        summary="One session with segments and holds.",
    ),
    Operation(
        CheckOut, Role.PATRON, "POST /api/sessions/{session_id}/checkout", session("session_id"),
        CheckedOut,
        summary="Stop the meter, settle and close; a repeat returns the first receipt.",
        key=_ACCEPTED, offline=True, done_at="ended_at",
        errors=(Code.SESSION_VOIDED, Code.OPEN_ORDERS_EXIST),
        emits=(
            "session.checked_out", "venue.occupancy_changed", "transaction.posted",
            "credits.balance_changed", "revenue.tick",
        ),
    ),
    Operation(
        PauseSession, Role.PATRON, "POST /api/sessions/{session_id}/pause", session("session_id"),
        SessionChanged,
        summary="Stop the meter for a break.",
        key=_ACCEPTED, offline=True, done_at="effective_at",
        errors=(Code.ACTIVITY_NOT_PAUSABLE, Code.INVALID_TRANSITION, Code.PAUSE_QUOTA_USED),
        emits=("session.status_changed",),
    ),
    Operation(
        ResumeSession, Role.PATRON, "POST /api/sessions/{session_id}/resume",
        session("session_id"), SessionChanged,
        summary="Start the meter again.",
        key=_ACCEPTED, offline=True, done_at="effective_at",
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.GEOFENCE_OUTSIDE, Code.INVALID_TRANSITION,
            Code.SAFETY_HOLD_ACTIVE, Code.TIME_LIMIT_REACHED,
        ),
        emits=_SETTLED,
    ),
    Operation(
        SwitchActivity, Role.PATRON, "POST /api/sessions/{session_id}/activity",
        session("session_id"), SessionChanged,
        summary="Close the running segment and open one at another rate or station.",
        key=_ACCEPTED,
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.STATION_BUSY, Code.STATION_OUT_OF_ORDER,
            Code.INVALID_TRANSITION,
        ),
        emits=(
            "session.activity_changed", "room.status_changed", "game.status_changed",
            "credits.balance_changed",
        ),
    ),
    Operation(
        ReportLocation, Role.PATRON, "POST /api/sessions/{session_id}/location",
        session("session_id"), LocationTaken,
        summary="Submit fixes; answers the status that follows and when the next are wanted.",
        key=_ACCEPTED, offline=True, errors=(Code.SESSION_CLOSED,),
        emits=("session.geofence_warning", "session.status_changed"),
    ),
    Operation(
        QuoteMeter, Role.PATRON, "GET /api/sessions/{session_id}/meter", session("session_id"),
        MeterQuote,
        summary="Running figures: a pure function of the segments and now.",
    ),
)
# fmt: on
