"""The people of the demo venue, and what they do over HTTP.

A person keeps the token of one sign-in: a password costs a quarter of a second, and every node
copied from the same template takes the tokens of those who signed in before it was copied. Who
signs in later is known to that node alone.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import httpx
import trio

from tests.plain_http import plain_client

VENUE: Final = "00000000-0000-7000-8000-000000000001"
PASSWORD: Final = "last-light-demo"
FUNDS_MINOR: Final = 100_000
"""What every demo patron begins with."""
TOKEN_USED_S: Final = 600.0
"""A token lives for 900 s; an older one than this is not given to a test."""
SIGNING_IN: Final = 4
CONNECTIONS: Final = 256
ANSWER_S: Final = 30.0
Body = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Person:
    """Someone signed in."""

    name: str
    user_id: str
    token: str = attrs.field(repr=False)
    signed_in_at: float


def now() -> str:
    """The time as a device sends it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def here() -> dict[str, object]:
    """A fix at the venue's door."""
    return {"lat": 35.6595, "lon": 139.7005, "accuracy_m": 10, "fix_at": now()}


def arrival(code: str) -> dict[str, object]:
    """The body of a check-in."""
    return {
        "venue_id": VENUE,
        "qr_token": code,
        "location": here(),
        "party_size": 1,
        "activity": "lounge",
    }


def order(line: Body, *, note: str | None = None) -> dict[str, object]:
    """The body of a purchase of one line."""
    body: dict[str, object] = {"venue_id": VENUE, "lines": [dict(line)], "tender": "credits"}
    return body if note is None else {**body, "note": note}


def encoded(body: Body) -> bytes:
    """A body as JSON."""
    return json.dumps(body).encode()


@attrs.define
class OneChunk(httpx.AsyncByteStream):
    """A request's content; httpx has a generator for it, which a killed node leaves unfinished."""

    content: bytes | None

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself: a request is sent once."""
        return self

    async def __anext__(self) -> bytes:
        """All of it, then nothing."""
        if not self.content:
            raise StopAsyncIteration
        content, self.content = self.content, None
        return content


@attrs.frozen
class Front:
    """One node's HTTP."""

    http: httpx.AsyncClient
    known: dict[str, Person]
    """Who is signed in at this node."""

    async def send(
        self,
        person: Person | None,
        method: str,
        path: str,
        body: Body | bytes | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; without a key a POST gets a fresh one."""
        sent = dict(headers or {})
        if person is not None:
            sent["authorization"] = f"Bearer {person.token}"
        if method == "POST":
            sent["idempotency-key"] = key or str(uuid.uuid4())
        if body is not None:
            sent["content-type"] = "application/json"
        content = body if isinstance(body, bytes) else b"" if body is None else encoded(body)
        request = self.http.build_request(method, path, content=content, headers=sent)
        request.stream = OneChunk(content)
        return await self.http.send(request)

    async def need(
        self, status: int, person: Person | None, method: str, path: str, body: Body | None = None
    ) -> dict[str, Any]:
        """Send a request that must be answered with `status`, and return the answer's body."""
        answer = await self.send(person, method, path, body)
        who = "nobody" if person is None else person.name
        assert answer.status_code == status, f"{who} {method} {path}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def sign_in(self, name: str) -> Person:
        """A person of the demo by the name before the @."""
        person = self.known.get(name)
        if person is None or time.monotonic() - person.signed_in_at > TOKEN_USED_S:
            credentials = {"email": f"{name}@lastlight.example", "password": PASSWORD}
            body = await self.need(200, None, "POST", "/api/auth/login", credentials)
            person = self.known[name] = Person(
                name=name,
                user_id=body["user"]["user_id"],
                token=body["access_token"],
                signed_in_at=time.monotonic(),
            )
        return person

    async def sign_in_all(self, *names: str) -> list[Person]:
        """Several, a few at a time: the node has two threads for passwords."""
        limiter = trio.CapacityLimiter(SIGNING_IN)

        async def sign_in(name: str) -> None:
            async with limiter:
                await self.sign_in(name)

        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(sign_in, name)
        return [self.known[name] for name in names]

    async def patrons(self, first: int, count: int) -> list[Person]:
        """Patrons by their numbers."""
        return await self.sign_in_all(*(f"patron{n}" for n in range(first, first + count)))

    async def door_code(self) -> str:
        """What the screen at the door shows; good for at least 30 s more."""
        staff = await self.sign_in("staff1")
        body = await self.need(200, staff, "GET", f"/api/venues/{VENUE}/checkin-code")
        code: str = body["tokens"][0]["qr_token"]
        return code

    async def check_in(self, person: Person) -> dict[str, Any]:
        """Check someone in, who must be let in."""
        body = arrival(await self.door_code())
        return await self.need(201, person, "POST", "/api/sessions/checkin", body)

    async def open_till(self, name: str) -> Person:
        """A staff member on duty with an open till, as `name` may be already."""
        staff = await self.sign_in(name)
        on_duty = await self.send(
            staff, "POST", "/api/staff/clock-in", {"venue_id": VENUE, "location": here()}
        )
        assert on_duty.status_code in {201, 409}, on_duty.text
        till = await self.send(
            staff, "POST", "/api/staff/tills", {"drawer": name, "opening_float_minor": 10_000}
        )
        assert till.status_code in {201, 409}, till.text
        return staff

    async def balance(self, person: Person) -> dict[str, Any]:
        """A wallet as the account has it."""
        return await self.need(200, person, "GET", "/api/transactions/credits")

    async def cheapest(self, person: Person) -> dict[str, Any]:
        """The cheapest thing on the menu without alcohol."""
        path = f"/api/inventory/items?venue_id={VENUE}&limit=100"
        items = (await self.need(200, person, "GET", path))["items"]
        found: dict[str, Any] = min(
            (item for item in items if not item["alcohol"] and item["available"]),
            key=lambda item: item["price_minor"],
        )
        return found


@asynccontextmanager
async def open_front(url: str, known: Mapping[str, Person]) -> AsyncIterator[Front]:
    """The HTTP of a node, which need not be up; `known` are signed in there already."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with plain_client(base_url=url, timeout=ANSWER_S, limits=limits) as http:
        yield Front(http, dict(known))
