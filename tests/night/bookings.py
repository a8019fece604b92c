"""People who book, sing and keep house, for nodes in memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from lastlight.demo.ids import Kind, demo_id
from tests.twins.people import VENUE, Heard, Someone, ask, instant
from tests.twins.whole import LastLight

ROOM_FOR_TWO, ROOM_FOR_TWELVE = (str(demo_id(Kind.ROOM, n)) for n in (1, 6))
RESERVATIONS: Final = "/api/reservations"
FIVE_HOURS: Final = timedelta(hours=5)


def now(house: LastLight) -> datetime:
    """The node's time."""
    return house.world.clock.now()


async def patch(person: Someone, target: str, version: int | None, body: object) -> Heard:
    """Change something that was seen in this version."""
    headers: tuple[tuple[str, str], ...] = (("authorization", f"Bearer {person.token}"),)
    if version is not None:
        headers = (*headers, ("if-match", f'"v{version}"'))
    return await ask(person.house, "PATCH", target, body, headers=headers)


async def patched(person: Someone, target: str, version: int, body: object) -> Any:
    """As `patch`, for what must be done."""
    heard = await patch(person, target, version, body)
    assert heard.status == 200, heard
    assert heard.headers["etag"] == f'"v{heard.body["version"]}"'
    return heard.body


async def book(patron: Someone, ahead: timedelta = FIVE_HOURS, **wanted: object) -> Any:
    """A room for two for an hour."""
    starts_at = instant(now(patron.house) + ahead)
    body = {"venue_id": VENUE, "starts_at": starts_at, "party_size": 2, **wanted}
    return await patron.need(201, "POST", RESERVATIONS, body)


async def stand_in_line(patron: Someone, **wanted: object) -> Any:
    """A place in line for two."""
    body = {"venue_id": VENUE, "kind": "waitlist", "party_size": 2, **wanted}
    return await patron.need(201, "POST", RESERVATIONS, body)


def one(booking: Any) -> str:
    """The path of a booking."""
    return f"{RESERVATIONS}/{booking['reservation_id']}"


async def funds(patron: Someone) -> tuple[int, int]:
    """What is available, and what is held."""
    seen = await patron.need(200, "GET", "/api/transactions/credits")
    return seen["available_minor"], seen["held_minor"]


def told(house: LastLight, type_: str, **about: object) -> list[Any]:
    """What was told of a kind, and of one thing, in order."""
    events = [event.data for event in house.world.publisher.events if event.type == type_]
    return [data for data in events if all(data.get(k) == v for k, v in about.items())]
