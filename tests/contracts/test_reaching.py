"""By what people can be reached, and the notes of it: in memory and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from lastlight.integrations.notifications.opening import Book
from protocol.reaching import Device
from protocol.records.platform import NotificationDelivery
from protocol.records.states import PushPlatform, RoleName, UserStatus, VenueStatus
from protocol.records.users import PushDevice, User, UserPreferences, UserRole
from protocol.records.venues import Venue
from storage.postgres.reaching import PostgresReaching
from tests.contracts.database_places import Rows, place_of
from tests.storage.samples import NOON, an_id
from tests.twins.database import MemoryDatabase
from tests.twins.reaching import MemoryReaching


@attrs.frozen(eq=False)
class Place:
    """A book and the rows behind it."""

    book: Book
    rows: Rows


@pytest.fixture(params=["memory", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    async with AsyncExitStack() as stack:
        rows = await stack.enter_async_context(place_of(request.param, url)())
        if rows.database is None:
            assert isinstance(rows.store, MemoryDatabase)
            yield Place(MemoryReaching(rows.store), rows)
        else:
            yield Place(PostgresReaching(rows.database), rows)


def a_user(**more: Any) -> User:
    id_ = an_id()
    given: dict[str, Any] = {
        "id": id_,
        "email": f"{id_}@guests.example",
        "password_hash": None,
        "display_name": "Moth",
        "pseudonym": an_id(),
        "created_at": NOON,
        "phone": "+819012345678",
    }
    return User(**(given | more))


def a_device(user: User, device_id: str, **more: Any) -> PushDevice:
    given: dict[str, Any] = {
        "id": an_id(),
        "user_id": user.id,
        "device_id": device_id,
        "platform": PushPlatform.APNS,
        "token": f"token of {device_id}",
        "app": "guest",
    }
    return PushDevice(**(given | more))


def a_role(user: User, role: RoleName, venue_id: UUID | None, **more: Any) -> UserRole:
    given: dict[str, Any] = {
        "id": an_id(),
        "user_id": user.id,
        "venue_id": venue_id,
        "role": role,
        "granted_by": None,
        "granted_at": NOON,
    }
    return UserRole(**(given | more))


def a_note(**more: Any) -> NotificationDelivery:
    given: dict[str, Any] = {
        "id": an_id(),
        "user_id": an_id(),
        "event_id": an_id(),
        "incident_id": an_id(),
        "channel": "sms",
        "status": "waiting",
        "tries": 1,
    }
    return NotificationDelivery(**(given | more))


async def test_a_person_is_read_with_all_their_ways(place: Place) -> None:
    """Number, address, devices in order, and what they want to be told by them."""
    someone = a_user()
    wishes = UserPreferences(
        user_id=someone.id, channels={"push": False}, quiet_hours={"from": "23:00", "to": "09:00"}
    )
    devices = [
        a_device(someone, "one", last_ok_at=NOON),
        a_device(someone, "two", platform=PushPlatform.FCM),
        a_device(someone, "failed", failed_at=NOON),
    ]
    await place.rows.put(someone, wishes, *devices)
    (reach,) = (await place.book.reach([someone.id])).values()
    assert (reach.email, reach.phone) == (someone.email, "+819012345678")
    assert reach.channels == {"push": False}
    assert reach.quiet_hours == {"from": "23:00", "to": "09:00"}
    assert reach.devices == (
        Device(device_id="one", platform=PushPlatform.APNS, token="token of one", last_ok_at=NOON),
        Device(device_id="two", platform=PushPlatform.FCM, token="token of two"),
    )


async def test_who_has_nothing_is_there_with_nothing(place: Place) -> None:
    """Nobody is left out of an incident's notes for having no telephone."""
    someone = a_user(phone=None)
    await place.rows.put(someone)
    (reach,) = (await place.book.reach([someone.id])).values()
    assert (reach.phone, reach.devices, dict(reach.channels)) == (None, (), {})
    assert reach.quiet_hours is None


async def test_who_is_gone_is_not_there(place: Place) -> None:
    """An erased person is told nothing more."""
    gone = a_user(status=UserStatus.ERASED, erased_at=NOON, deleted_at=NOON)
    await place.rows.put(gone)
    assert await place.book.reach([gone.id, an_id()]) == {}


async def test_owners_and_workers_are_found_by_their_roles(place: Place) -> None:
    """Owners of every venue are in no venue's list, and an alarm must find them."""
    owner, worker, guest, left = (a_user() for _ in range(4))
    venue_id = an_id()
    await place.rows.put(
        owner,
        worker,
        guest,
        left,
        a_role(owner, RoleName.OWNER, None),
        a_role(worker, RoleName.STAFF, venue_id),
        a_role(worker, RoleName.OWNER, venue_id),
        a_role(guest, RoleName.PATRON, venue_id),
        a_role(left, RoleName.OWNER, None, revoked_at=NOON),
    )
    assert list(await place.book.owners_of_all()) == [owner.id]
    assert sorted(await place.book.workers(10)) == sorted([owner.id, worker.id])
    assert len(await place.book.workers(1)) == 1


async def test_venues_are_read_with_their_names_and_clocks(place: Place) -> None:
    """The oldest first: its clock is that of people of whom no venue is known."""
    venues = [
        Venue(
            id=an_id(),
            name=name,
            tz="Asia/Tokyo",
            lat=35.0,
            lon=139.0,
            radius_m=150,
            currency="JPY",
            capacity=100,
            hours={},
            status=VenueStatus.OPEN,
            cutover_local=NOON.time(),
            created_at=NOON,
        )
        for name in ("Shibuya", "Ginza")
    ]
    await place.rows.put(*reversed(venues))
    signs = await place.book.venue_signs()
    assert [(sign.name, sign.tz) for sign in signs] == [
        ("Shibuya", "Asia/Tokyo"),
        ("Ginza", "Asia/Tokyo"),
    ]


async def test_a_later_note_goes_over_an_earlier_one_of_the_same_message(place: Place) -> None:
    """One row for each message: how often it was tried, and what became of it in the end."""
    first = a_note(error="busy")
    await place.book.keep([first, a_note()])
    sent_at = NOON + timedelta(seconds=5)
    await place.book.keep([first.evolve(status="sent", tries=2, sent_at=sent_at, error=None)])
    arrived_at = sent_at + timedelta(seconds=1)
    arrived = first.evolve(status="delivered", tries=0, delivered_at=arrived_at, error=None)
    await place.book.keep([arrived])
    book = place.book
    notes = (
        book.notes
        if isinstance(book, MemoryReaching)
        else await place.rows.find(NotificationDelivery)
    )
    kept = {note.id: note for note in notes}
    assert len(kept) == 2
    assert kept[first.id] == first.evolve(
        status="delivered",
        tries=3,
        sent_at=sent_at,
        delivered_at=arrived_at,
        error=None,
        version=3,
    )
