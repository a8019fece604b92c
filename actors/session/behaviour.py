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
    holding,
    moving,
    opening,
    orders,
    ticks,
    views,
    whereabouts,
)
from actors.session.state import SessionState
from protocol.addresses import ActorKind
from protocol.internal.visits import OpenSession
from protocol.reads import Read
from protocol.records.visits import Session, SessionHistory, SessionSegment

MODULES: Final = (
    opening,
    ticks,
    breaks,
    moving,
    whereabouts,
    holding,
    closing,
    orders,
    views,
)


def _masked(state: SessionState) -> Mapping[str, object]:
    """How the visit stands, without a name, a place or an amount."""
    visit = state.session or state.history
    return {
        "status": None if visit is None else visit.status.value,
        "venue": None if visit is None else str(visit.venue_id),
        "segments": len(state.rows(SessionSegment)),
        "deadline_at": None if state.session is None else state.session.deadline_at,
        "safety_level": None if state.session is None else state.session.safety_level,
    }


SESSION: Final = Behaviour(
    kind=ActorKind.SESSION,
    state=SessionState,
    decisions=decisions_of(MODULES),
    reads=(
        Read(Session, by="id"),
        Read(SessionSegment, by="session_id"),
        Read(SessionHistory, by="id"),
    ),
    founded_by=(OpenSession,),
    masked=_masked,
)
