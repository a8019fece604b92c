"""Lists of bookings: one's own, or for staff their venues'; newest first, and from an index."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from protocol.addresses import Role
from protocol.operations.inventory import ListRooms
from protocol.operations.reservations import ListReservations
from protocol.records.inventory import KaraokeRoom
from protocol.records.states import ReservationKind, ReservationStatus
from protocol.records.values import Period
from protocol.records.venues import Reservation, Venue
from storage.postgres.database import Database
from storage.postgres.queries_inventory import rooms
from storage.postgres.queries_reservations import reservations
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

HERE, THERE = an_id(), an_id()
PATRON, OTHER = a_principal(), a_principal()
STAFF = a_principal(roles={HERE: Role.STAFF})
OWNER = a_principal(everywhere=Role.OWNER)
HOUR = dt.timedelta(hours=1)
VENUES = tuple(
    a(Venue, id=id_, status="open", radius_m=150, tz="Asia/Tokyo", cutover_local=dt.time(5))
    for id_ in (HERE, THERE)
)


def booked(user: Any, venue_id: Any = HERE, **values: Any) -> Any:
    given = {
        "kind": ReservationKind.SLOT,
        "status": ReservationStatus.CONFIRMED,
        "room_id": an_id(),
        "during": Period(start=NOON + HOUR, end=NOON + 2 * HOUR + dt.timedelta(minutes=10)),
        "cleaning_minutes": 10,
        "deposit_minor": 600,
        "party_size": 2,
        "created_at": NOON,
    }
    return a(Reservation, venue_id=venue_id, user_id=user.user_id, **{**given, **values})


async def listed(database: Database, who: Any, **values: Any) -> Any:
    command = ListReservations(**values)
    asked = asked_by(who, command.venue_id)
    async with asking(database, asked) as connection:
        return await reservations(connection, command, asked)


def ids(found: Any) -> list[Any]:
    return [one.reservation_id for one in found.items]


async def test_patrons_see_their_own_and_staff_their_venue(database: Database) -> None:
    """A booking says where somebody will be: that is theirs to know, and the house's."""
    mine, there = booked(PATRON), booked(PATRON, THERE)
    others, far = booked(OTHER), booked(OTHER, THERE)
    await store(database, *VENUES, mine, there, others, far)
    assert ids(await listed(database, PATRON)) == [there.id, mine.id]
    assert ids(await listed(database, PATRON, venue_id=HERE)) == [mine.id]
    assert ids(await listed(database, STAFF)) == [others.id, mine.id]
    assert ids(await listed(database, STAFF, venue_id=THERE)) == []
    assert ids(await listed(database, OWNER)) == [far.id, others.id, there.id, mine.id]
    assert ids(await listed(database, OWNER, venue_id=THERE)) == [far.id, there.id]


async def test_a_booking_shows_the_stay_and_a_place_its_wait(database: Database) -> None:
    """Guests need not know of the cleaning; who waits is told for how long, and not less."""
    slot = booked(PATRON)
    late = Period(start=NOON + dt.timedelta(seconds=61), end=NOON + HOUR)
    waits = booked(
        PATRON,
        kind=ReservationKind.WAITLIST,
        status=ReservationStatus.REQUESTED,
        room_id=None,
        during=late,
        cleaning_minutes=0,
        deposit_minor=0,
        place=3,
    )
    await store(database, *VENUES, slot, waits)
    place, seen = (await listed(database, PATRON)).items
    assert (seen.starts_at, seen.ends_at, seen.minutes) == (NOON + HOUR, NOON + 2 * HOUR, 60)
    assert (seen.place, seen.wait_minutes, seen.deposit_minor) == (None, None, 600)
    assert (place.place, place.wait_minutes) == (3, 2)


async def test_filters_are_exact(database: Database) -> None:
    """By kind, by status, by room."""
    slot = booked(PATRON)
    gone = booked(PATRON, status=ReservationStatus.CANCELLED)
    waits = booked(PATRON, kind=ReservationKind.WAITLIST, room_id=None,
                   status=ReservationStatus.REQUESTED)  # fmt: skip
    await store(database, *VENUES, slot, gone, waits)
    for who in (PATRON, STAFF):
        found = await listed(database, who, kind=ReservationKind.WAITLIST)
        assert ids(found) == [waits.id]
        found = await listed(database, who, status=ReservationStatus.CANCELLED)
        assert ids(found) == [gone.id]
        assert ids(await listed(database, who, room_id=slot.room_id)) == [slot.id]


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_show_everything_once(database: Database, limit: int) -> None:
    """Newest first, whatever comes meanwhile."""
    stored = [booked(PATRON) for _ in range(5)]
    await store(database, *VENUES, *stored)
    for who in (PATRON, STAFF):
        seen: list[Any] = []
        cursor = None
        while True:
            page = await listed(database, who, limit=limit, cursor=cursor)
            seen += ids(page)
            if (cursor := page.next_cursor) is None:
                break
        assert seen == [row.id for row in reversed(stored)]


async def test_a_free_window_holds_the_stay_and_its_cleaning(database: Database) -> None:
    """A booking of an hour takes seventy minutes; what is left is offered to the minute."""
    room = a(KaraokeRoom, venue_id=HERE, capacity=8, min_minutes=60, cleaning_minutes=10,
             status="ready")  # fmt: skip
    await store(database, *VENUES, room, booked(OTHER, room_id=room.id))
    command = ListRooms(venue_id=HERE, date=dt.date(2026, 3, 28))
    asked = asked_by(PATRON, HERE)
    async with asking(database, asked) as connection:
        (seen,) = (await rooms(connection, command, asked)).items
    assert [period.start for period in seen.free] == [NOON + 2 * HOUR + dt.timedelta(minutes=10)]
