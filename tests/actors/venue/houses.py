"""Owners and managers, and what they send, for the tests of how a venue is run."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from actors.rules.opening_hours import ALWAYS_OPEN
from actors.runtime.outcome import Context, Outcome
from actors.venue.state import VenueState
from protocol.addresses import Principal, Role
from protocol.operations.admin_venues import PutVenue
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus
from protocol.records.platform import AuditEntry
from protocol.records.runtime import DrawerInUse, DutyPlace
from protocol.records.states import VenueStatus
from protocol.replies.analytics import DayFigures, Liability, OpenOrder, Tally
from tests.actors.deciding import NOW, a_context, a_principal
from tests.actors.venue.floors import OTHER_VENUE, STAFF, VENUE, VENUE_ID

OWNER_ID = UUID(int=0xAA01)
OWNER = a_principal(OWNER_ID, Role.OWNER, VENUE_ID)
MANAGER = a_principal(UUID(int=0xAA02), Role.MANAGEMENT, VENUE_ID)
OWNER_ELSEWHERE = a_principal(UUID(int=0xAA03), Role.OWNER, OTHER_VENUE)
TODAY = date(2026, 11, 20)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
TILL, SHIFT = UUID(int=0xAB01), UUID(int=0xAB02)


def by(principal: Principal | None = OWNER, version: int | None = None, **given: Any) -> Context:
    """A context of the venue, asked by its owner with a version."""
    return a_context(VENUE, principal=principal, expected_version=version, **given)


def noted(outcome: Outcome) -> list[AuditEntry]:
    """The lines of the audit trail."""
    return [row for row in outcome.appends if isinstance(row, AuditEntry)]


def a_put(**changes: Any) -> PutVenue:
    """The demo venue as it is, said anew."""
    known: dict[str, Any] = {
        "venue_id": VENUE_ID,
        "name": "Last Light Shibuya",
        "tz": "Asia/Tokyo",
        "currency": "JPY",
        "lat": 35.6595,
        "lon": 139.7005,
        "capacity": 10,
        "hours": ALWAYS_OPEN,
        "status": VenueStatus.OPEN,
    }
    return PutVenue(**(known | changes))


def a_day(day: date = TODAY, **changes: Any) -> BusinessDay:
    """A day in Tokyo, open, from 05:00 to 05:00."""
    starts_at = NOW.replace(hour=20) + (day - TODAY) - timedelta(days=1)
    known: dict[str, Any] = {
        "venue_id": VENUE_ID,
        "business_day": day,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(days=1),
        "status": BusinessDayStatus.OPEN,
    }
    return BusinessDay(**(known | changes))


def a_drawer() -> DrawerInUse:
    """A till that takes cash."""
    return DrawerInUse(till_id=TILL, venue_id=VENUE_ID, drawer="bar", staff_id=STAFF)


def a_duty(**changes: Any) -> DutyPlace:
    """Its cashier, on duty since an hour."""
    known: dict[str, Any] = {
        "staff_id": STAFF,
        "venue_id": VENUE_ID,
        "shift_id": SHIFT,
        "display_name": "Somebody",
        "since": NOW - timedelta(hours=1),
    }
    return DutyPlace(**(known | changes))


def some_figures(
    *open_orders: OpenOrder, net_minor: int = 1_000, tax_minor: int = 100
) -> DayFigures:
    """What the books say of a quiet day."""
    nothing = Tally(count=0, amount_minor=0)
    return DayFigures(
        net_minor=net_minor,
        tax_minor=tax_minor,
        tips_minor=0,
        promo_minor=0,
        net_by_kind={"food": net_minor},
        tax_by_rate=(),
        tenders=(),
        refunds=nothing,
        voids=nothing,
        tills=(),
        liability=Liability(
            opening_minor=0,
            sold_minor=0,
            granted_minor=0,
            used_minor=0,
            refunded_minor=0,
            expired_minor=0,
            other_minor=0,
            closing_minor=0,
        ),
        open_orders_count=len(open_orders),
        open_orders=open_orders,
    )


def a_state_with(state: VenueState, outcome: Outcome) -> VenueState:
    """The state with an outcome applied, rows that end included."""
    for record in outcome.changes:
        state.put(record)
    for record in outcome.removes:
        state.discard(type(record), record.primary_key)
    return state
