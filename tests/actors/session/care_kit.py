"""Visits whose patrons are looked after, as the tests of Rule 7 need them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from protocol.addresses import Role
from protocol.internal.orders import OrderPosted
from protocol.internal.safety import SendSomebody
from protocol.operations.care import LogSafetyObservation, OpenIntervention, Sign
from protocol.records.safety import Intervention, SafetyLog
from protocol.records.states import InterventionStatus
from protocol.records.visits import SafetyCheck
from protocol.replies.care import InterventionReply
from tests.actors.deciding import a_principal
from tests.actors.session.visit_kit import STAFF, Visit
from tests.actors.session.visit_opening import VENUE_ID

MANAGER = a_principal(UUID(int=34), Role.MANAGEMENT, VENUE_ID)


def had(visit: Visit, milli: int) -> None:
    """Something alcoholic was bought; each of the two persons present had half of it."""
    order = OrderPosted(
        transaction_id=UUID(int=42),
        total_minor=700,
        standard_drinks_milli=2 * milli,
        plays=0,
    )
    visit.do(order, in_saga=False)


def saw(visit: Visit, *signs: Sign, **what: Any) -> Any:
    """Staff log what they saw."""
    return visit.do(LogSafetyObservation(session_id=visit.id, signs=signs, **what), STAFF)


def raised_to(visit: Visit, level: int) -> InterventionReply:
    """Management opens a case, or raises the one there is."""
    command = OpenIntervention(session_id=visit.id, level=level, reason="looks unwell")
    reply = visit.do(command, MANAGER)
    assert isinstance(reply, InterventionReply), reply
    return reply


def case_of(visit: Visit) -> Intervention:
    """The one case of a visit."""
    (case,) = visit.state.all(Intervention)
    return case


def is_closed(visit: Visit) -> bool:
    """Whether the one case is closed."""
    return case_of(visit).status is InterventionStatus.CLOSED


def check_of(visit: Visit) -> SafetyCheck:
    """What the patron was asked last."""
    return max(visit.state.all(SafetyCheck), key=lambda check: (check.sent_at, check.id))


def errands(visit: Visit) -> list[SendSomebody]:
    """Whom the venue was told to send, in order."""
    return [c for c in visit.told_venue(SendSomebody) if isinstance(c, SendSomebody)]


def register(visit: Visit) -> list[SafetyLog]:
    """The lines that the visit wrote."""
    return [row for row in visit.appends if isinstance(row, SafetyLog)]


def data(visit: Visit, kind: str) -> list[Any]:
    """What events of a type said."""
    return [event.data for event in visit.heard(kind)]
