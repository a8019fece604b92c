"""After all is healed: everything pending has finished within its bound, and nothing waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from protocol.records.money import Transaction
from protocol.records.money_states import StripeEventStatus, TransactionStatus
from protocol.records.payments import StripeEvent
from protocol.records.platform import ActorTimer
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, SessionStatus
from protocol.records.visits import Session
from tests.simulation.night import Night

OVERDUE: Final = timedelta(minutes=2)
"""A timer is sent at most half a minute late, should the machine's clock be set meanwhile."""
UNPAID: Final = timedelta(minutes=75)
"""Rule 11: unpaid transactions are void after 60 minutes."""


def assert_everything_finished(night: Night) -> None:
    """To be asked hours after the last fault."""
    assert night.unanswered == {}, night.unanswered
    rows, now = night.world.database.table, night.now
    late = [
        timer
        for timer in rows(ActorTimer).values()
        if timer.fired_at is None and timer.due_at < now - OVERDUE
    ]
    assert late == [], f"these are overdue: {late}"
    closing = [row for row in rows(Session).values() if row.status is SessionStatus.CLOSING]
    assert closing == [], f"these never closed (Rule 2): {closing}"
    unpaid = [
        row
        for row in rows(Transaction).values()
        if row.status is TransactionStatus.PENDING and row.occurred_at < now - UNPAID
    ]
    assert unpaid == [], f"these wait for a payment for ever (Rule 11): {unpaid}"
    waiting = [
        row for row in rows(StripeEvent).values() if row.status is StripeEventStatus.RECEIVED
    ]
    assert waiting == [], f"these events were never applied: {waiting}"
    for incident in rows(Incident).values():
        if incident.status in (IncidentStatus.RAISED, IncidentStatus.NOTIFYING):
            raise AssertionError(f"nobody came and it was not made louder (Rule 8): {incident}")
