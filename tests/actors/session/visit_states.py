"""Visits in each of their states, brought there as a patron or the system would."""

from __future__ import annotations

from datetime import timedelta

from protocol.operations.sessions import (
    CheckOut,
    PauseSession,
    ReportLocation,
)
from protocol.records.states import SessionStatus
from protocol.records.visits import SessionHistory
from tests.actors.session.visit_kit import (
    MINUTE,
    OWN,
    Visit,
    a_fix,
    a_visit,
)
from tests.actors.session.visit_opening import (
    START,
)

_S = SessionStatus


def in_state(status: SessionStatus) -> Visit:
    """A visit ten minutes old that is in this state."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    match status:
        case _S.PAUSED:
            visit.do(PauseSession(session_id=visit.id), OWN)
        case _S.AUTO_PAUSED:
            leave(visit)
        case _S.COOLING:
            visit.state.put(visit.session.revised(status=_S.COOLING))
        case _S.CLOSING:
            visit.held_back = True
            visit.do(CheckOut(session_id=visit.id), OWN)
        case _S.CLOSED:
            visit.do(CheckOut(session_id=visit.id), OWN)
        case _S.VOIDED:
            visit.do(CheckOut(session_id=visit.id), OWN)
            kept = visit.history.evolve(status=_S.VOIDED, cause=None, receipt_id=None)
            visit.state.discard(SessionHistory, kept.primary_key)
            visit.state.put(kept)
    assert visit.status is status
    return visit


def leave(visit: Visit) -> None:
    """Two fixes, half a minute apart, from far outside."""
    for _ in range(2):
        visit.do(ReportLocation(session_id=visit.id, fixes=(a_fix(visit.now, 400),)), OWN)
        visit.go_to(visit.now + timedelta(seconds=30))
