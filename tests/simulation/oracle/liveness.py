"""Everything pending has finished within its bound: each kind has its own.

What only waits for others of the node is over at each quiet moment: sagas, deposits, what follows
outside. What waits for the provider, or for a time of day, is over hours after all was healed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from protocol.records.money import CreditHold, Refund, Transaction
from protocol.records.money_states import (
    ErasureKind,
    HoldStatus,
    IdempotencyStatus,
    PaymentStatus,
    RefundStatus,
    StripeEventStatus,
    TransactionStatus,
)
from protocol.records.payments import Payment, StripeEvent
from protocol.records.platform import ActorTimer, ErasureJob, IdempotencyKey
from protocol.records.safety import Incident
from protocol.records.states import (
    IncidentStatus,
    ReservationKind,
    ReservationStatus,
    SessionStatus,
)
from protocol.records.venues import Reservation
from protocol.records.visits import Session
from tests.simulation.night import Night

OVERDUE: Final = timedelta(minutes=2)
"""A timer is sent at most half a minute late, should the machine's clock be set meanwhile."""
UNPAID: Final = timedelta(minutes=75)
"""Rule 11: unpaid transactions are void after 60 minutes."""


POLLED: Final = (PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)
GIVEN_UP: Final = (
    ReservationStatus.CANCELLED,
    ReservationStatus.NO_SHOW,
    ReservationStatus.EXPIRED,
    ReservationStatus.COMPLETED,
)


def assert_nothing_is_stuck(night: Night) -> None:
    """To be asked when all that was begun is over, as far as the node alone can end it."""
    rows = night.world.database.table
    keys: dict[tuple[Any, ...], Any] = {
        key: row
        for key, row in rows(IdempotencyKey).items()
        if row.status is IdempotencyStatus.IN_PROGRESS
    }
    assert not keys, f"these sagas never ended: {keys}"
    bookings = [*rows(Reservation).values()]
    asked = [
        row
        for row in bookings
        if row.kind is ReservationKind.SLOT
        and (row.status is ReservationStatus.REQUESTED or row.pending is not None)
    ]
    assert not asked, f"these wait for their deposits for ever (Rule 14): {asked}"
    over = {row.id for row in bookings if row.status in GIVEN_UP}
    held = [
        row
        for row in rows(CreditHold).values()
        if row.ref_id in over and row.status is HoldStatus.OPEN
    ]
    assert not held, f"the bookings of these deposits are over (Rule 14): {held}"
    refunds = [row for row in rows(Refund).values() if row.status is RefundStatus.APPROVED]
    assert not refunds, f"these were approved, and nobody is asked to pay them: {refunds}"
    copies = [
        row
        for row in rows(ErasureJob).values()
        if row.kind is ErasureKind.EXPORT and row.status == "pending"
    ]
    assert not copies, f"these copies are never made (Rule 16): {copies}"


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
    refunds = [row for row in rows(Refund).values() if row.status is RefundStatus.PROCESSING]
    assert refunds == [], f"the provider was asked to pay these and never heard: {refunds}"
    payments = [
        row
        for row in rows(Payment).values()
        if row.status in POLLED and row.created_at < now - UNPAID
    ]
    assert payments == [], f"nobody asks how these payments are (Rule 11): {payments}"
    erasures = [
        row
        for row in rows(ErasureJob).values()
        if row.done_at is None and row.due_at < now - OVERDUE and row.status == "pending"
    ]
    assert erasures == [], f"these are not done (Rule 16): {erasures}"
    waiting = [
        row for row in rows(StripeEvent).values() if row.status is StripeEventStatus.RECEIVED
    ]
    assert waiting == [], f"these events were never applied: {waiting}"
    for incident in rows(Incident).values():
        if incident.status in (IncidentStatus.RAISED, IncidentStatus.NOTIFYING):
            raise AssertionError(f"nobody came and it was not made louder (Rule 8): {incident}")
