"""Visits whose patrons' devices were offline, with the account's own books (Rule 12)."""

from __future__ import annotations

from datetime import datetime

from protocol.addresses import Principal
from protocol.commands import Command
from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession
from protocol.records.states import SessionStatus
from protocol.replies.sessions import CheckedOut, SessionChanged
from tests.actors.session.visit_kit import OWN, Visit


def late(visit: Visit, command: Command, at: datetime, who: Principal = OWN) -> object:
    """Do what a device did at a moment that is past, and let everything follow."""
    visit.occurred_at = at
    held_back, visit.held_back = visit.held_back, False
    answer = visit.do(command, who)
    visit.occurred_at, visit.held_back = None, held_back
    return answer


def paused_late(visit: Visit, at: datetime) -> SessionChanged:
    """A pause that is told late."""
    answer = late(visit, PauseSession(session_id=visit.id), at)
    assert isinstance(answer, SessionChanged), answer
    return answer


def resumed_late(visit: Visit, at: datetime) -> SessionChanged:
    """A resume that is told late."""
    answer = late(visit, ResumeSession(session_id=visit.id), at)
    assert isinstance(answer, SessionChanged), answer
    return answer


def checked_out_late(visit: Visit, at: datetime) -> CheckedOut:
    """A check-out that is told late."""
    answer = late(visit, CheckOut(session_id=visit.id), at)
    assert isinstance(answer, CheckedOut), answer
    assert visit.status is SessionStatus.CLOSED
    return answer
