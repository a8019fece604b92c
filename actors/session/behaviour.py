"""The session actor: one visit, from the check-in's last step to the row that is kept.

It decides a visit's status, segments and meter; money is decided by the account, places by the
venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.runtime.behaviour import Behaviour, decisions_of
from actors.session import (
    breaks,
    closing,
    details,
    displaced,
    forcing,
    holding,
    intervening,
    lengthening,
    moving,
    observing,
    opening,
    orders,
    own_time,
    shortening,
    ticks,
    verifying,
    views,
    voiding,
    watching,
    whereabouts,
)
from actors.session.notes import meter_of
from actors.session.state import SessionState
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.internal.managing import CancelOpening
from protocol.internal.visits import OpenSession
from protocol.reads import Read
from protocol.records.safety import Intervention
from protocol.records.visits import SafetyCheck, Session, SessionHistory, SessionSegment

MODULES: Final = (
    opening,
    ticks,
    breaks,
    moving,
    displaced,
    whereabouts,
    holding,
    closing,
    shortening,
    orders,
    views,
    # Care for the patron
    watching,
    observing,
    intervening,
    verifying,
    own_time,
    # What people who run the floor do with it
    details,
    lengthening,
    forcing,
    voiding,
)


def _masked(state: SessionState) -> Mapping[str, object]:
    """How the visit stands and what it costs, without whose it is or where they are."""
    if state.session is not None:
        return _open(state.session, state)
    if state.history is not None:
        return _over(state.history, state)
    return {"status": None}


def _open(visit: Session, state: SessionState) -> Mapping[str, object]:
    return {
        "status": visit.status,
        "status_since": visit.status_since,
        "cause": visit.cause,
        "deadline_at": visit.deadline_at,
        "venue": visit.venue_id,
        "activity": visit.activity,
        "station": visit.station_id,
        "party_size": visit.party_size,
        "safety_level": visit.safety_level,
        "checked_in_at": visit.started_at,
        "ended_at": visit.ended_at,
        "segments": len(state.segments),
        "pauses_used": visit.pauses_used,
        "held_minor": visit.held_minor,
        "charged_minor": visit.charged_minor,
        "request_under_way": bool(meter_of(visit).asked_minor),
        "row_version": visit.version,
    }


def _over(visit: SessionHistory, state: SessionState) -> Mapping[str, object]:
    return {
        "status": visit.status,
        "cause": visit.cause,
        "venue": visit.venue_id,
        "checked_in_at": visit.started_at,
        "ended_at": visit.ended_at,
        "duration_ms": visit.duration_ms,
        "segments": len(state.segments),
        "time_charge_minor": visit.time_charge_minor,
        "total_minor": visit.total_minor,
        "receipt": visit.receipt_id,
    }


def _watcher(state: SessionState) -> Address:
    """The venue of the visit."""
    visit = state.session or state.history
    return PLATFORM if visit is None else Address(ActorKind.VENUE, visit.venue_id)


SESSION: Final = Behaviour(
    kind=ActorKind.SESSION,
    state=SessionState,
    decisions=decisions_of(MODULES),
    reads=(
        Read(Session, by="id"),
        Read(SessionSegment, by="session_id"),
        Read(SessionHistory, by="id"),
        # Closed and answered ones too: a second answer is told so.
        Read(Intervention, by="session_id"),
        Read(SafetyCheck, by="session_id"),
    ),
    founded_by=(OpenSession, CancelOpening),
    masked=_masked,
    watched_by=_watcher,
)
