"""Check-in, the running meter and check-out: what venue, account and session tell one another.

Chains: CheckIn = venue → account → session → venue; CheckOut = session → account → session, and the
venue is told. Undo steps of a chain have no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.commands import Command, command
from protocol.errors import Refusal
from protocol.internal.allowances import TimeAllowance
from protocol.records.states import Activity, CheckOutCause, SegmentMode, SessionStatus
from protocol.records.values import RateBand
from protocol.replies.sessions import SessionSummary


@command
class AdmitPatron(Command):
    """Venue → account: may this patron come in, and are there funds for the first hold?

    `venue_refusal` is the venue's own verdict: it counts after the account's first checks and
    before its last two, in the order of the contract. Without one, a seat is taken already.
    `hold_minor` is what to reserve, `funds_least_minor` what must be available.
    """

    session_id: UUID
    venue_id: UUID
    venue_refusal: Refusal | None
    party_size: int
    activity: Activity
    mode: SegmentMode
    rate_minor_per_h: int
    rate_bands: tuple[RateBand, ...] = ()
    station_id: UUID | None
    zone: str | None
    reservation_id: UUID | None
    assisted: bool
    age_required: int | None
    """Years that must be verified, or None if the venue asks for none."""
    hold_minor: int
    hold_until: datetime
    funds_least_minor: int
    currency: str
    booked_until: datetime | None = None
    """The end of the booking that the visit begins with, cleaning not counted."""
    deposit_hold_id: UUID | None = None
    """The hold of that booking's deposit, which returns first: nobody holds for it twice."""


@command
class CancelAdmission(Command):
    """Undo of AdmitPatron at the account: the hold returns, the visit never was.

    A deposit that returned is held again, as its booking still stands.
    """

    session_id: UUID
    hold_id: UUID
    deposit_hold_id: UUID | None = None


@attrs.frozen(kw_only=True)
class HadBefore:
    """Alcohol that the patron had before the visit, in thousandths of a standard drink."""

    at: datetime
    milli: int


@command
class OpenSession(Command):
    """Account → session: begin. The last step, and nothing in it can refuse."""

    admission: AdmitPatron
    user_id: UUID
    display_name: str
    age_ok: bool
    hold_id: UUID
    available_minor: int
    paid_up_today_minor: int
    """Time already charged to this user at this venue today, for the cap (Rule 3)."""
    time: TimeAllowance = TimeAllowance()
    began_at: datetime | None = None
    """When the visit began, if not now."""
    drinks: tuple[HadBefore, ...] = ()
    """What was had at any venue, as far as the business day and its pace still count it, in order
    (Rule 7)."""


@command
class SessionOpened(Command):
    """Session → venue: answer the check-in."""

    session_id: UUID
    user_id: UUID
    display_name: str
    status: SessionStatus
    activity: Activity
    party_size: int
    checked_in_at: datetime
    held_minor: int
    assisted: bool
    version: int
    reservation_id: UUID | None = None


@command
class ReleaseSeat(Command):
    """Undo of the seat at the venue, and of the station that went with it."""

    session_id: UUID


@command
class FloorChanged(Command):
    """Session → venue: how the session stands, for the live view; the seat is kept."""

    session_id: UUID
    status: SessionStatus
    activity: Activity
    station_id: UUID | None
    zone: str | None
    party_size: int
    safety_level: int
    last_fix_at: datetime | None
    charged_minor: int
    display_name: str | None = None
    booked_until: datetime | None = None


@command
class FreeSeat(Command):
    """Session → venue: the visit is over. `cause` is why, None if it was voided; the station is
    free too.
    """

    session_id: UUID
    cause: CheckOutCause | None


@attrs.frozen(kw_only=True)
class UsageLine:
    """Time to be charged: one activity on one business day."""

    segment_id: UUID
    activity: Activity
    business_day: date
    amount_minor: int
    tax_bp: int = 0
    """Tax inside the amount, in basis points; the account works it out by `tax_of_step`."""


@command
class CaptureUsage(Command):
    """Session → account: charge time from the hold, then make the hold `hold_target_minor` again.

    `tick` numbers the request within the session, so its journal has a source of its own.
    """

    session_id: UUID
    venue_id: UUID
    hold_id: UUID
    tick: int
    lines: tuple[UsageLine, ...]
    hold_target_minor: int
    hold_until: datetime
    charged_until: datetime
    owed_minor: Mapping[date, int] | None = None
    """What time until then costs by business day, where more may have been charged: what is
    beyond it goes back by a mirror (Rule 12)."""
    tax_bp: int = 0


@command
class UsageCaptured(Command):
    """Account → session: what was charged, what is held now, and what is left besides.

    `short_minor` is what could not be held of the target: above 0 the funds run out. What is left
    is what this visit may still draw: credit beyond the patron's own limit is not (Rule 7).
    """

    session_id: UUID
    tick: int
    captured_minor: int
    held_minor: int
    available_minor: int
    short_minor: int
    time: TimeAllowance = TimeAllowance()
    returned_minor: int = 0
    """What went back of what was charged before."""


@command
class SettleVisit(Command):
    """Session → account: the last charge, and what is left of the hold goes back."""

    session_id: UUID
    venue_id: UUID
    hold_id: UUID
    tick: int
    lines: tuple[UsageLine, ...]
    time_charge_minor: int
    """All time of the visit, charged before or now: for the receipt."""
    started_at: datetime
    ended_at: datetime
    duration_ms: int
    business_day: date
    summary: tuple[Any, ...] = ()
    """Lines of the receipt about time."""
    owed_minor: Mapping[date, int] | None = None
    """What time costs by business day: what was charged beyond it goes back by a mirror."""
    active_ms: Mapping[date, int] = attrs.field(factory=dict)
    """Time by business day, for own limits (Rule 7)."""
    tax_bp: int = 0


@command
class VisitSettled(Command):
    """Account → session: the books are closed for this visit."""

    session_id: UUID
    receipt_id: UUID
    captured_minor: int
    purchases_minor: int
    total_minor: int
    currency: str


@command
class DescribeVisit(Command):
    """Account → session: how does the visit stand? For the patron's own live view."""

    session_id: UUID


@command
class VisitDescribed(Command):
    """Session → account: the visit with its meter; None if it is over by now."""

    summary: SessionSummary | None


@command
class ReserveStation(Command):
    """Session → venue: a room or game for an activity; refused if busy or out of order."""

    session_id: UUID
    activity: Activity
    game_id: UUID | None
    room_id: UUID | None


@command
class KeepStation(Command):
    """Undo of ReserveStation at the venue: the session is where it was before."""

    session_id: UUID
    station_id: UUID | None
    activity: Activity


@command
class StationReserved(Command):
    """Venue → session: the station is yours, at this rate."""

    session_id: UUID
    activity: Activity
    station_id: UUID | None
    mode: SegmentMode
    rate_minor_per_h: int
    rate_bands: tuple[RateBand, ...] = ()
    """Of the room, as they are now: they hold for as long as the session stays in it."""
