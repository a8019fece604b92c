"""What is written of each thing is a life that its table knows: no state follows from nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actors.rules import lifecycle
from actors.rules.refunds import REFUND
from actors.rules.slots import STEPS as BOOKING
from actors.rules.staff_lifecycle import TASK
from protocol.records.ledger import BusinessDay, Till
from protocol.records.money import CreditHold, Refund, Transaction
from protocol.records.money_states import (
    BusinessDayStatus,
    HoldStatus,
    PaymentStatus,
    RefundStatus,
    TillStatus,
    TransactionStatus,
)
from protocol.records.payments import Payment
from protocol.records.safety import Incident, Intervention
from protocol.records.staff import StaffShift, StaffTask
from protocol.records.states import (
    IncidentStatus,
    InterventionStatus,
    ReservationStatus,
    SessionStatus,
    ShiftStatus,
    TaskStatus,
    TurnStatus,
)
from protocol.records.venues import KaraokeTurn, Reservation
from protocol.records.visits import Session
from tests.night.books import entries_of
from tests.twins.nodes import World

Edges = frozenset[tuple[str, str]]


def _edges(table: Mapping[tuple[Any, Any], Any]) -> Edges:
    return frozenset((start.value, end.value) for (start, _), end in table.items())


def _steps(table: Mapping[Any, Any]) -> Edges:
    return frozenset((start.value, end.value) for start, ends in table.items() for end in ends)


def _in_one_go(edges: Edges) -> Edges:
    """Also what goes through several states at once: each is told, the last is written."""
    found = set(edges)
    while further := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= further
    return frozenset(found)


_IV, _TU = InterventionStatus, TurnStatus
CASE: Final = _steps(
    {
        _IV.OPEN: (_IV.ACKNOWLEDGED, _IV.ESCALATED, _IV.CLOSED),
        _IV.ESCALATED: (_IV.ACKNOWLEDGED, _IV.CLOSED, _IV.OPEN),
        _IV.ACKNOWLEDGED: (_IV.CLOSED, _IV.OPEN, _IV.ESCALATED),
    }
)
SINGER: Final = _steps(
    {
        _TU.WAITING: (_TU.NEXT, _TU.SINGING, _TU.DONE, _TU.SKIPPED),
        _TU.NEXT: (_TU.WAITING, _TU.SINGING, _TU.DONE, _TU.SKIPPED),
        _TU.SINGING: (_TU.DONE, _TU.SKIPPED),
    }
)

LIVES: Final[Mapping[str, tuple[frozenset[str], Edges]]] = {
    Session.table.name: (frozenset({SessionStatus.ACTIVE}), _edges(lifecycle.SESSION)),
    Incident.table.name: (
        frozenset({IncidentStatus.RAISED, IncidentStatus.NOTIFYING, IncidentStatus.ACKNOWLEDGED}),
        _edges(lifecycle.INCIDENT),
    ),
    Till.table.name: (frozenset({TillStatus.OPEN}), _in_one_go(_edges(lifecycle.TILL))),
    StaffShift.table.name: (frozenset({ShiftStatus.OPEN}), _edges(lifecycle.SHIFT)),
    CreditHold.table.name: (frozenset({HoldStatus.OPEN}), _edges(lifecycle.HOLD)),
    Transaction.table.name: (
        frozenset({TransactionStatus.PENDING, TransactionStatus.POSTED}),
        _edges(lifecycle.TRANSACTION),
    ),
    Payment.table.name: (
        frozenset({PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING}),
        _in_one_go(_steps(lifecycle.PAYMENT)),
    ),
    Refund.table.name: (frozenset({RefundStatus.REQUESTED}), _in_one_go(_edges(REFUND))),
    Reservation.table.name: (
        frozenset({ReservationStatus.REQUESTED, ReservationStatus.CONFIRMED}),
        _steps(BOOKING),
    ),
    StaffTask.table.name: (frozenset({TaskStatus.OPEN}), _edges(TASK)),
    Intervention.table.name: (frozenset({InterventionStatus.OPEN}), CASE),
    KaraokeTurn.table.name: (
        frozenset({TurnStatus.WAITING, TurnStatus.NEXT, TurnStatus.SINGING}),
        SINGER,
    ),
    BusinessDay.table.name: (
        frozenset(BusinessDayStatus),
        _steps({BusinessDayStatus.OPEN: (BusinessDayStatus.CLOSED,)}),
    ),
}
"""By table: how a thing begins, and what may follow what."""


def assert_lives_are_legal(world: World) -> None:
    """Each status in the journal follows from the one before; nothing leaves its end."""
    known: dict[tuple[str, tuple[Any, ...]], str] = {}
    for entry in entries_of(world):
        for record in (*entry.changes, *entry.appends):
            table = record.table.name
            if table not in LIVES:
                continue
            key = (table, record.primary_key)
            status: str = record.status  # type: ignore[attr-defined]
            begins, edges = LIVES[table]
            before = known.get(key)
            if before is None:
                assert status in begins, f"{key} begins as {status}: {record}"
            elif before != status:
                assert (before, status) in edges, f"{key}: {before} -> {status}: {record}"
            known[key] = status
