"""Two venues with people of every role and one of every thing that a path can name.

All of it is made over HTTP, as clients make it, and at both venues alike: so whatever is refused to
somebody from elsewhere is there, and is given to somebody else. Only what a payment provider would
have made is written into the tables, while the node is up, and read by the node when it is started
again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from storage.postgres.database import Connection
from tests.system.books import reading
from tests.system.guests import PASSWORD, VENUE, Body, Front, Person, here, open_front
from tests.system.harness import NodeProcess, wait_until

SECOND: Final = "0190a000-0000-7000-8000-00000000beef"
EVERYWHERE: Final = "owner"
SIGNED_IN: Final = ("patron", "other", "staff", "management", "owner")
"""Whom a venue has: the patron whose things are asked for, another one, and who works there."""
PEOPLE: Final = {
    VENUE: ("matrix1", "patron302", "staff1", "manager", "patron303"),
    SECOND: ("matrix2", "patron312", "patron313", "patron314", "patron315"),
}
NEWCOMERS: Final = {VENUE: "patron309", SECOND: "patron319"}
"""Somebody of whom a venue knows nothing: for roles, status, gifts and bans."""
HOUR: Final = timedelta(hours=1)
BORN: Final = "1995-04-01"
FLUSHED_S: Final = 30.0
_A_VENUE: Final = {
    "name": "Last Light Second",
    "tz": "Asia/Tokyo",
    "currency": "JPY",
    "lat": 35.6595,
    "lon": 139.7005,
    "capacity": 50,
    "hours": {"always_open": True},
    "status": "open",
}


def instant(at: datetime) -> str:
    """A time as clients send it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@attrs.define(kw_only=True)
class House:
    """A venue, its people by what they are to it, and the ids of its things by name."""

    venue_id: str
    people: dict[str, Person] = attrs.field(factory=dict)
    ids: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class MatrixWorld:
    """A running node with two furnished venues."""

    front: Front
    node: NodeProcess
    houses: dict[str, House]
    everywhere: Person


async def _again(front: Front, name: str, *, elevated: bool) -> Person:
    """Somebody with the token of now, who has just proven who they are if `elevated`."""
    front.known.pop(name, None)
    person = await front.sign_in(name)
    if not elevated:
        return person
    body = await front.need(200, person, "POST", "/api/auth/step-up", {"password": PASSWORD})
    return attrs.evolve(person, token=body["access_token"], signed_in_at=time.monotonic())


async def _employ(front: Front, owner: Person) -> None:
    """Give roles to those who get theirs here; the patrons are new, so no venue knows them yet."""
    for names in PEOPLE.values():
        newcomer = {
            "email": f"{names[0]}@lastlight.example",
            "password": PASSWORD,
            "display_name": "Matrix",
            "birth_date": BORN,
        }
        await front.need(201, None, "POST", "/api/auth/register", newcomer)
    await front.sign_in_all(*PEOPLE[SECOND], *PEOPLE[VENUE], *NEWCOMERS.values())
    for venue_id, names in PEOPLE.items():
        for role, name in zip(SIGNED_IN[2:], names[2:], strict=True):
            if name.startswith("patron"):
                path = f"/api/users/{front.known[name].user_id}/roles"
                body = {"venue_id": venue_id, "roles": [role]}
                await front.need(200, owner, "PUT", path, body)


async def _furnish(front: Front, house: House) -> None:
    """Make one of everything at a venue."""
    await _furnish_place(front, house)
    await _furnish_visit(front, house)
    await _furnish_money(front, house)
    await _furnish_care(front, house)


async def _furnish_place(front: Front, house: House) -> None:
    """Stations, stock, people at work."""
    venue = {"venue_id": house.venue_id}
    manager, staff = house.people["management"], house.people["staff"]
    ids = house.ids

    async def make(person: Person, path: str, name: str, body: Body, status: int = 201) -> None:
        ids[name] = (await front.need(status, person, "POST", f"/api/{path}", body))[name]

    game = {"name": "Matrix", "pricing": "play", "price_minor": 100, "asset_tag": "MATRIX-1"}
    await make(manager, "inventory/games", "game_id", {**venue, **game})
    room = {"name": "Matrix room", "capacity": 6}
    await make(manager, "inventory/rooms", "room_id", {**venue, **room})
    item = {"sku": "MATRIX-1", "name": "Matrix", "price_minor": 300, "category": "snacks"}
    await make(manager, "inventory/items", "item_id", {**venue, **item})
    await make(staff, "staff/clock-in", "shift_id", {**venue, "location": here()})
    await make(staff, "staff/tills", "till_id", {"drawer": "matrix", "opening_float_minor": 0})
    await make(staff, "staff/handover", "handover_id", {"note": "all calm"}, 200)
    task = {"title": "Look after it", "assignee_id": staff.user_id}
    await make(manager, "staff/tasks", "task_id", {**venue, **task})
    await make(staff, "emergency/sos", "incident_id", venue)


async def _furnish_visit(front: Front, house: House) -> None:
    """A visit, a booking and a song."""
    patron, staff, ids = house.people["patron"], house.people["staff"], house.ids
    seen = {"venue_id": house.venue_id, "document_type": "passport", "birth_date": BORN}
    path = f"/api/users/{patron.user_id}/age-verification"
    await front.need(201, staff, "POST", path, seen)
    cash = {"venue_id": house.venue_id, "user_id": patron.user_id, "tender": "cash"}
    await front.need(
        201, staff, "POST", "/api/transactions/topup", {**cash, "amount_minor": 30_000}
    )
    path = f"/api/venues/{house.venue_id}/checkin-code"
    code = (await front.need(200, staff, "GET", path))["tokens"][0]["qr_token"]
    arrival = {"venue_id": house.venue_id, "qr_token": code, "location": here()}
    visit = await front.need(201, patron, "POST", "/api/sessions/checkin", arrival)
    ids["session_id"] = visit["session_id"]
    ids["qr_token"] = code
    song = {"action": "add", "song": "Yesterday"}
    queue = f"/api/karaoke/rooms/{ids['room_id']}/queue"
    told = await front.need(200, patron, "POST", queue, song)
    ids["entry_id"] = told["entries"][0]["entry_id"]
    booking = {
        "venue_id": house.venue_id,
        "room_id": ids["room_id"],
        "starts_at": instant(datetime.now(UTC) + 7 * HOUR),
        "minutes": 60,
    }
    told = await front.need(201, patron, "POST", "/api/reservations", booking)
    ids["reservation_id"] = told["reservation_id"]


async def _furnish_money(front: Front, house: House) -> None:
    """An order that staff took, what is asked back of it, a hold, and a card that is to pay."""
    patron, staff, ids = house.people["patron"], house.people["staff"], house.ids
    order = {
        "venue_id": house.venue_id,
        "user_id": patron.user_id,
        "lines": [{"item_id": ids["item_id"], "qty": 2}],
        "tender": "credits",
    }
    told = await front.need(201, staff, "POST", "/api/transactions/purchase", order)
    ids["transaction_id"] = told["transaction_id"]
    path = f"/api/transactions/{ids['transaction_id']}/refund"
    told = await front.need(202, patron, "POST", path, {"reason_code": "quality"})
    ids["refund_id"] = told["refund_id"]
    hold = {
        "venue_id": house.venue_id,
        "purpose": "tab",
        "amount_minor": 500,
        "expires_at": instant(datetime.now(UTC) + HOUR),
    }
    told = await front.need(201, patron, "POST", "/api/transactions/holds", hold)
    ids["hold_id"] = told["hold_id"]
    for name in ("pending_id", "paying_id"):
        card = {"venue_id": house.venue_id, "tender": "card", "amount_minor": 1_000}
        told = await front.need(202, patron, "POST", "/api/transactions/topup", card)
        ids[name] = told["transaction_id"]


async def _furnish_care(front: Front, house: House) -> None:
    """A case with a question to the patron, and what a patron has for themselves."""
    patron, manager, ids = house.people["patron"], house.people["management"], house.ids
    case = {"session_id": ids["session_id"], "level": 2, "reason": "looks unwell"}
    told = await front.need(201, manager, "POST", "/api/safety/interventions", case)
    ids["intervention_id"] = told["intervention_id"]
    families = await front.need(200, patron, "GET", "/api/auth/sessions")
    ids["auth_session_id"] = families["items"][-1]["auth_session_id"]
    told = await front.need(202, patron, "GET", "/api/users/me/export")
    ids["job_id"] = told["job_id"]


async def _write_cards(node: NodeProcess, houses: dict[str, House]) -> None:
    """What only a provider makes: a payment under way, a saved card, an event that waits."""
    async with reading(node.database_url) as connection:
        for house in houses.values():
            patron, ids = uuid.UUID(house.people["patron"].user_id), house.ids
            for name in ("payment_id", "method_id"):
                ids[name] = str(uuid.uuid4())
            ids["event_id"] = f"evt_{house.venue_id[-4:]}"
            at = datetime.now(UTC).replace(microsecond=0)
            await connection.execute(
                "insert into payments values ($1, $2, $3, $4, $5, 'processing', 2, 1000, 0, 'JPY',"
                " null, null, $6, $6, 1, '[]')",
                uuid.UUID(ids["payment_id"]), uuid.UUID(ids["paying_id"]),
                uuid.UUID(house.venue_id), patron, f"pi_{house.venue_id[-4:]}", at,
            )  # fmt: skip
            await connection.execute(
                "insert into payment_methods values ($1, $2, $3, 'visa', '4242', 12, 2030, true,"
                " $4, null, 1)",
                uuid.UUID(ids["method_id"]), patron, f"pm_{house.venue_id[-4:]}", at,
            )  # fmt: skip
            await connection.execute(
                "insert into stripe_events values ($1, 'payment_intent.processing', $2, $3, $3,"
                " '{}', 'ignored', 1, null, null, 1)",
                ids["event_id"], f"pi_{house.venue_id[-4:]}", at,
            )  # fmt: skip
            ids["check_id"] = await _check_of(connection, ids["session_id"])


async def _check_of(connection: Connection, session_id: str) -> str:
    """The question that a case of level 2 puts to the patron, once it is in the tables."""
    sql = "select id from safety_checks where session_id = $1"
    found: list[Any] = []

    async def flushed() -> bool:
        found[:] = await connection.fetch(sql, uuid.UUID(session_id))
        return bool(found)

    await wait_until(flushed, within_s=FLUSHED_S)
    return str(found[0]["id"])


@asynccontextmanager
async def open_matrix_world(node: NodeProcess) -> AsyncIterator[MatrixWorld]:
    """Furnish both venues of a node that is not running yet, and start it again."""
    await node.start()
    houses = {venue_id: House(venue_id=venue_id) for venue_id in (VENUE, SECOND)}
    async with open_front(node.url, {}) as front:
        owner = await _again(front, EVERYWHERE, elevated=True)
        path, none_yet = f"/api/admin/venues/{SECOND}", {"if-none-match": "*"}
        made = await front.send(owner, "PUT", path, _A_VENUE, headers=none_yet)
        assert made.status_code == 201, made.text
        await _employ(front, owner)
        for house in houses.values():
            for role, name in zip(SIGNED_IN, PEOPLE[house.venue_id], strict=True):
                elevated = role in SIGNED_IN[2:]
                house.people[role] = await _again(front, name, elevated=elevated)
            house.ids["newcomer_id"] = front.known[NEWCOMERS[house.venue_id]].user_id
            await _furnish(front, house)
    await _write_cards(node, houses)
    assert await node.stop() == 0, node.tail()
    await node.start()
    async with open_front(node.url, {}) as front:
        yield MatrixWorld(front=front, node=node, houses=houses, everywhere=owner)
