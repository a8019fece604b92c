"""A venue opens, calls last orders and closes by its hours, and ends the visits that remain.

A venue that its owner suspended stays so. One that was closed by hand stays closed until its hours
begin anew. One that is always open has no timer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from actors.rules.profile import VenueProfile
from actors.rules.venue_phases import Phase, phase_at
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import (
    CancelTimer,
    Context,
    Decision,
    Event,
    Outcome,
    Send,
    SetTimer,
)
from actors.runtime.telling import tell
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.domain_limits import FLOOR_CLEARED_AT_ONCE
from protocol.events.venue import VenueStatusChanged
from protocol.internal.administration import ClearFloor, TurnHours
from protocol.internal.metering import CloseVisit
from protocol.records.states import CheckOutCause, SessionStatus, VenueStatus
from protocol.records.venues import Venue

HOURS: Final = "hours"
"""The timer of the next phase."""
CLEARING: Final = "clearing"
BY_HOURS: Final = "hours"
"""Why a status changed that nobody changed by hand."""
SHUT: Final = (VenueStatus.CLOSED, VenueStatus.SUSPENDED)


def phase_of(profile: VenueProfile, now: datetime) -> Phase:
    """What a venue's hours say of a moment."""
    last_service = timedelta(minutes=profile.settings.last_service_minutes)
    return phase_at(profile.hours, now, profile.tz, last_service)


def hours_timer(
    profile: VenueProfile, status: VenueStatus, now: datetime
) -> SetTimer | CancelTimer:
    """The timer of the next phase, or none."""
    ends_at = phase_of(profile, now).ends_at
    if status is VenueStatus.SUSPENDED or ends_at is None:
        return CancelTimer(HOURS)
    return SetTimer(HOURS, ends_at, TurnHours())


def status_told(before: VenueStatus, venue: Venue, now: datetime) -> Event:
    """That a venue's status has changed."""
    told = VenueStatusChanged(
        venue_id=venue.id,
        from_=before,
        to=venue.status,
        at=now,
        last_orders_at=venue.last_orders_at,
        reason=venue.status_reason or BY_HOURS,
    )
    return tell(told, venue_id=venue.id, version=venue.version)


def last_orders_of(profile: VenueProfile, status: VenueStatus, now: datetime) -> datetime | None:
    """When last orders are in a venue of this status; where it closes by hand, they are now."""
    if status in SHUT:
        return None
    planned = phase_of(profile, now).last_orders_at
    if status is VenueStatus.CLOSING:
        return now if planned is None else min(planned, now)
    return planned


def cleared(state: VenueState, now: datetime, after: UUID | None = None) -> Outcome:
    """End the visits that are open: so many at once, and the others in further steps."""
    open_places = sorted(
        place.session_id
        for place in state.open_places()
        if place.status is not SessionStatus.CLOSING and (after is None or place.session_id > after)
    )
    ended, left = open_places[:FLOOR_CLEARED_AT_ONCE], open_places[FLOOR_CLEARED_AT_ONCE:]
    sends = tuple(
        Send(
            Address(ActorKind.SESSION, session_id),
            CloseVisit(cause=CheckOutCause.AUTO),
            detached=True,
        )
        for session_id in ended
    )
    timers = (SetTimer(CLEARING, now, ClearFloor(after=ended[-1])),) if left else ()
    return Outcome(sends=sends, timers=timers)


@decides(TurnHours)
def decide_turn_hours(state: VenueState, command: TurnHours, context: Context) -> Decision:
    """Take the status that the hours say, and wait for the next phase."""
    venue, profile, now = state.venue, state.profile, context.now
    phase, before = phase_of(profile, now), venue.status
    by_hand = before is VenueStatus.CLOSED and phase.status is VenueStatus.CLOSING
    if before is VenueStatus.SUSPENDED or before is phase.status or by_hand:
        return Outcome(timers=(hours_timer(profile, before, now),))
    turned = venue.revised(
        status=phase.status, status_reason=None, last_orders_at=phase.last_orders_at
    )
    ends = cleared(state, now) if phase.status is VenueStatus.CLOSED else Outcome()
    noted = audited(
        context,
        "venue.status_changed",
        "venue",
        venue.id,
        venue_id=venue.id,
        before={"status": before.value},
        after={"status": turned.status.value, "reason": BY_HOURS},
    )
    return Outcome(
        changes=(turned,),
        appends=(noted,),
        events=(status_told(before, turned, now),),
        sends=ends.sends,
        timers=(hours_timer(profile, turned.status, now), *ends.timers),
    )


@decides(ClearFloor)
def decide_clear_floor(state: VenueState, command: ClearFloor, context: Context) -> Decision:
    """Go on ending visits, if the venue did not open again."""
    if state.venue.status not in SHUT:
        return Outcome()
    return cleared(state, context.now, command.after)
