"""The venue actor, declared: one for each place, loaded at start and never retired.

It decides the floor and its stations, what is sold and from which stock, who is on duty, and what
happens in an emergency (`incidents`, `responding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.rules.slots import LIVE
from actors.runtime import auditing
from actors.runtime.behaviour import Behaviour, decisions_of
from actors.venue import (
    approvals,
    broadcasting,
    caring,
    checking_in,
    closing_days,
    codes,
    duty,
    errands,
    floor,
    handovers,
    helping,
    hours,
    house_settings,
    incidents,
    machines,
    menu,
    open_days,
    orders,
    people,
    places,
    rebooking,
    receiving,
    reserving,
    responding,
    restarts,
    rooms,
    roster,
    schedules,
    singing,
    stations,
    stays,
    stocktaking,
    takings,
    tasks,
    waiting_line,
)
from actors.venue.approvals import APPROVALS_READ
from actors.venue.broadcasting import BROADCAST_READ
from actors.venue.caring import HOLD_READ
from actors.venue.handovers import HANDOVER_READ
from actors.venue.incident_state import INCIDENT_READ, open_incidents
from actors.venue.plays import PLAYS_READ
from actors.venue.queue_draft import ANNOUNCED_READ, QUEUE_READ
from actors.venue.roster import SCHEDULE_READ
from actors.venue.schedules import WEEK_READ
from actors.venue.state import VenueState
from actors.venue.task_state import TASK_READ
from protocol.addresses import ActorKind
from protocol.events.base import Audience
from protocol.internal.administration import FoundVenue
from protocol.reads import Among, Read, Since
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem
from protocol.records.ledger import BusinessDay
from protocol.records.payments import CreditPackage
from protocol.records.runtime import (
    DrawerInUse,
    DutyPlace,
    FloorPlace,
    PlannedSettings,
    Trading,
)
from protocol.records.staff import StaffTask
from protocol.records.users import UserRole
from protocol.records.venues import Reservation, Venue, VenueSetting

MODULES: Final = (
    # The floor
    checking_in,
    floor,
    stays,
    stations,
    codes,
    # Machines, rooms and their bookings
    machines,
    rooms,
    reserving,
    rebooking,
    waiting_line,
    singing,
    # What is sold
    menu,
    stocktaking,
    orders,
    takings,
    approvals,
    open_days,
    # People
    people,
    duty,
    roster,
    schedules,
    tasks,
    errands,
    handovers,
    # Emergencies, and care for patrons
    incidents,
    responding,
    helping,
    broadcasting,
    receiving,
    caring,
    # The place itself, its rules and its days
    places,
    house_settings,
    hours,
    closing_days,
    # What is looked at
    auditing,
    restarts,
)

_DAYS_KNOWN_S: Final = 7 * 24 * 3600


def _rooms(state: VenueState) -> tuple[str, ...]:
    parts = (Audience.PATRONS, Audience.STAFF, Audience.MANAGEMENT, Audience.OWNER)
    return tuple(part.room(state.venue_id) for part in parts)


def _masked(state: VenueState) -> Mapping[str, object]:
    """How many of what, and nobody's name."""
    return {
        "status": state.venue.status.value,
        "present": state.present,
        "seated": state.seated,
        "sessions": len(state.rows(FloorPlace)),
        "capacity": state.venue.capacity,
        "games": sum(1 for game in state.all(Game) if game.retired_at is None),
        "rooms": len(state.rows(KaraokeRoom)),
        "menu_items": sum(1 for item in state.all(MenuItem) if item.retired_at is None),
        "stock_levels": len(state.rows(InventoryLevel)),
        "on_duty": len(state.rows(DutyPlace)),
        "drawers_in_use": len(state.rows(DrawerInUse)),
        "incidents": sum(1 for _ in open_incidents(state)),
        "tasks": len(state.rows(StaffTask)),
        "bookings": sum(1 for _ in state.bookings.live()),
        "in_line": len(state.bookings.line()),
    }


VENUE: Final = Behaviour(
    kind=ActorKind.VENUE,
    state=VenueState,
    decisions=decisions_of(MODULES),
    reads=(
        Read(Venue, by="id"),
        Read(VenueSetting, by="venue_id", where=(Among("superseded_at", (None,)),)),
        Read(UserRole, by="venue_id", where=(Among("revoked_at", (None,)),)),
        Read(FloorPlace, by="venue_id"),
        # With those that have gone: a tag and a SKU are never given twice.
        Read(Game, by="venue_id"),
        Read(KaraokeRoom, by="venue_id", where=(Among("retired_at", (None,)),)),
        Read(Reservation, by="venue_id", where=(Among("status", LIVE),)),
        QUEUE_READ,
        ANNOUNCED_READ,
        PLAYS_READ,
        Read(MenuItem, by="venue_id"),
        Read(InventoryLevel, by="venue_id"),
        Read(CreditPackage, by="venue_id", where=(Among("retired_at", (None,)),)),
        # Closed days too, for a while: what is booked late must not open one anew.
        Read(BusinessDay, by="venue_id", where=(Since("closed_at", _DAYS_KNOWN_S),)),
        Read(Trading, by="venue_id"),
        Read(PlannedSettings, by="venue_id"),
        Read(DutyPlace, by="venue_id"),
        Read(DrawerInUse, by="venue_id"),
        APPROVALS_READ,
        SCHEDULE_READ,
        WEEK_READ,
        INCIDENT_READ,
        BROADCAST_READ,
        HOLD_READ,
        TASK_READ,
        HANDOVER_READ,
    ),
    resident=True,
    founded_by=(FoundVenue,),
    rooms=_rooms,
    share=lambda state: state.profile,
    masked=_masked,
    watched_by=lambda state: state.address,
)
