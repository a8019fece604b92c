"""The visit begins, in which nothing can be refused any more; only the venue's answer follows."""

from __future__ import annotations

from datetime import date, datetime

from actors.rules.business_day import business_day_of
from actors.rules.geofence import FenceState
from actors.rules.safety_pace import Drunk
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision
from actors.session.draft import VisitDraft
from actors.session.meter import arm
from actors.session.notes import MeterNotes
from actors.session.observing import begin_with_drinks
from actors.session.standing import profile_of
from actors.session.state import SessionState
from protocol.events.sessions import SessionCheckedIn
from protocol.internal.visits import OpenSession, SessionOpened
from protocol.records.states import SessionStatus
from protocol.records.visits import Session


@decides(OpenSession)
def decide_open_session(state: SessionState, command: OpenSession, context: Context) -> Decision:
    """Begin: the meter runs from now on, or from when a device that was offline began it."""
    assert not state.exists, f"session {state.session_id} has begun already"
    admission = command.admission
    profile = profile_of(context, admission.venue_id)
    began_at = command.began_at or context.now
    today = business_day_of(began_at, profile.tz, profile.settings.cutover)
    session = _session(command, began_at, today)
    draft = VisitDraft(
        session=session,
        notes=MeterNotes(
            charged_until=began_at,
            hold_until=admission.hold_until,
            elsewhere_minor={today: command.paid_up_today_minor},
            available_minor=command.available_minor,
            rate_bands=admission.rate_bands,
            tax_bp=profile.settings.time_tax_bp,
            time=command.time,
            booked_until=admission.booked_until,
        ),
        fence=FenceState(),
        segments=[],
        profile=profile,
        context=context,
        stored=session,
        versions={},
    )
    draft.start(
        began_at,
        admission.activity,
        admission.station_id,
        admission.mode,
        admission.rate_minor_per_h,
    )
    draft.split()
    arm(draft)
    draft.tell(
        SessionCheckedIn(
            session_id=session.id,
            user_id=session.user_id,
            display_name=session.display_name,
            party_size=session.party_size,
            activity=session.activity,
            zone=session.zone,
            started_at=session.started_at,
            assisted=session.assisted,
            age_ok=command.age_ok,
        )
    )
    # After the visit's own beginning is told: from level 3 on it begins by cooling.
    begin_with_drinks(draft, (Drunk(at=had.at, milli=had.milli) for had in command.drinks))
    session = draft.session
    opened = SessionOpened(
        session_id=session.id,
        user_id=session.user_id,
        display_name=session.display_name,
        status=session.status,
        activity=session.activity,
        party_size=session.party_size,
        checked_in_at=session.started_at,
        held_minor=session.held_minor,
        assisted=session.assisted,
        version=draft.version,
        reservation_id=session.reservation_id,
    )
    draft.send(draft.venue, opened)
    return draft.outcome()


def _session(command: OpenSession, began_at: datetime, today: date) -> Session:
    """The visit before its first version."""
    admission = command.admission
    return Session(
        id=admission.session_id,
        venue_id=admission.venue_id,
        user_id=command.user_id,
        display_name=command.display_name,
        status=SessionStatus.ACTIVE,
        activity=admission.activity,
        zone=admission.zone,
        station_id=admission.station_id,
        party_size=admission.party_size,
        business_day=today,
        started_at=began_at,
        status_since=began_at,
        held_minor=admission.hold_minor,
        hold_id=command.hold_id,
        reservation_id=admission.reservation_id,
        assisted=admission.assisted,
        version=0,
    )
