"""The list of all events, held against what the classes say."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import attrs
import pytest

from protocol.codec import encode
from protocol.events import EVENTS, Audience, EventData
from protocol.events.base import event
from protocol.events.emergency import EmergencySosRaised
from protocol.events.sessions import SessionStatusChanged
from protocol.events.system import SystemResyncRequired
from protocol.operations.table import OPERATIONS
from protocol.records.states import SessionStatus

FIELDS = {
    "session.checked_in": 9,
    "session.checked_out": 10,
    "session.status_changed": 6,
    "session.activity_changed": 6,
    "session.meter_tick": 6,
    "session.low_credit": 4,
    "session.exhausted": 4,
    "session.extended": 5,
    "session.voided": 4,
    "session.geofence_warning": 5,
    "session.limit_reached": 6,
    "venue.occupancy_changed": 6,
    "venue.capacity_alert": 4,
    "venue.status_changed": 6,
    "staff.clocked_in": 6,
    "staff.clocked_out": 7,
    "staff.break_changed": 5,
    "staff.tip_received": 4,
    "schedule.published": 4,
    "shift.handover_posted": 5,
    "task.assigned": 8,
    "task.status_changed": 6,
    "task.overdue": 5,
    "emergency.sos_raised": 12,
    "emergency.sos_acknowledged": 6,
    "emergency.sos_escalated": 6,
    "emergency.sos_resolved": 5,
    "emergency.broadcast": 6,
    "safety.threshold_crossed": 7,
    "safety.intervention_opened": 7,
    "safety.intervention_updated": 7,
    "safety.verification_requested": 4,
    "safety.help_requested": 6,
    "safety.exclusion_changed": 6,
    "transaction.pending": 5,
    "transaction.posted": 9,
    "transaction.voided": 4,
    "credits.balance_changed": 7,
    "payment.status_changed": 6,
    "refund.status_changed": 7,
    "revenue.tick": 7,
    "till.changed": 6,
    "business_day.closed": 7,
    "payment.reconciliation_mismatch": 4,
    "inventory.stock_low": 5,
    "inventory.item_updated": 4,
    "room.status_changed": 4,
    "game.status_changed": 4,
    "reservation.status_changed": 7,
    "karaoke.queue_changed": 6,
    "system.notification": 6,
    "system.settings_changed": 5,
    "system.actor_restarted": 6,
    "auth.session_revoked": 3,
    "system.resync_required": 3,
}
EPHEMERAL = {
    "session.meter_tick",
    "session.geofence_warning",
    "venue.occupancy_changed",
    "revenue.tick",
    "karaoke.queue_changed",
    "system.resync_required",
}
URGENT = {"emergency.sos_raised", "emergency.broadcast", "safety.help_requested"}
VENUE = UUID(int=1)
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_every_event_of_the_contract_has_a_class_and_no_other_does() -> None:
    """Clients switch on the type; a type they don't know, or miss, is a fact lost."""
    assert set(EVENTS) == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_an_event_has_the_fields_of_the_contract(name: str) -> None:
    """A field too few breaks a client, one too many may tell what it should not know."""
    assert len(attrs.fields(EVENTS[name])) == FIELDS[name]  # type: ignore[arg-type]


def test_what_may_be_lost_and_what_goes_first_is_as_in_the_contract() -> None:
    """Rule 17: only what the next value replaces is ephemeral; only emergencies overtake."""
    assert {name for name, cls in EVENTS.items() if not cls.durable} == EPHEMERAL
    assert {name for name, cls in EVENTS.items() if cls.urgent} == URGENT


def test_class_names_follow_from_the_types() -> None:
    """Who reads `session.checked_in` in a log finds the class without searching."""
    for name, cls in EVENTS.items():
        parts = name.replace(".", "_").split("_")
        assert cls.__name__ == "".join(part.capitalize() for part in parts)


def test_every_event_is_heard_by_someone() -> None:
    """An event without a room is a fact that nobody learns."""
    for cls in EVENTS.values():
        assert cls.audience


def test_rooms_are_those_of_the_venue_and_the_user() -> None:
    """A room's name is all that keeps two venues apart."""
    rooms = [audience.room(VENUE) for audience in SessionStatusChanged.audience]
    assert rooms == [f"venue:{VENUE}:staff", f"venue:{VENUE}:management", f"user:{VENUE}"]


def test_a_raised_sos_never_goes_to_a_users_own_room() -> None:
    """Rule 8: whoever holds the raiser's telephone must not see it."""
    assert Audience.USER not in EmergencySosRaised.audience


def test_operations_emit_events_that_exist() -> None:
    """The table promises events by their type; a typing error there would promise nothing."""
    assert {name for operation in OPERATIONS for name in operation.emits} <= set(EVENTS)


def test_fields_named_like_words_of_python_are_sent_without_underscore() -> None:
    """The contract has `from`; only Python minds."""
    ended = SessionStatusChanged(
        session_id=UUID(int=3),
        from_=SessionStatus.ACTIVE,
        to=SessionStatus.PAUSED,
        reason="break",
        effective_at=_NOON,
        deadline_at=None,
    )
    assert encode(ended)["from"] == "active"
    assert "from_" not in encode(ended)


def test_a_type_is_taken_once() -> None:
    """Two classes of one type would decode each other's data."""
    with pytest.raises(ValueError, match="two events"):
        event(SystemResyncRequired.type)(type("Again", (EventData,), {}))
