"""People with a phone, for nodes in memory: they speak HTTP to the gateway without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

import attrs
import msgspec

from lastlight.demo.founding import DEMO_PASSWORD
from lastlight.demo.ids import DEMO_VENUE
from lastlight.web.http import Headers, Request
from tests.twins.whole import LastLight

VENUE: Final = str(DEMO_VENUE)
_numbers = count(1)


@attrs.frozen(kw_only=True)
class Heard:
    """An answer, read."""

    status: int
    headers: Mapping[str, str]
    body: Any
    raw: bytes

    @property
    def code(self) -> str | None:
        """What a problem document says; None for any other answer."""
        return self.body.get("code") if isinstance(self.body, dict) else None


async def ask(
    house: LastLight,
    method: str,
    target: str,
    body: object = None,
    *,
    headers: Headers = (),
    client: str = "192.0.2.1",
) -> Heard:
    """Send a request as the front door would hand it on; `body` may be bytes as they are."""
    path, _, query = target.partition("?")
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    if not isinstance(body, bytes) and body is not None:
        headers = (*headers, ("content-type", "application/json"))
    response = await house.http.handle(
        Request(
            method=method,
            path=unquote(path, errors="replace"),
            query_string=query.encode(),
            headers=headers,
            body=raw,
            client=client,
            scheme="http",
            request_id=f"r{next(_numbers)}",
        )
    )
    told = dict(response.headers)
    whole = response.body
    if response.stream is not None:
        whole = b"".join([part async for part in response.stream])
    is_json = "json" in told.get("content-type", "")
    return Heard(
        status=response.status,
        headers=told,
        body=msgspec.json.decode(whole) if is_json and whole else whole,
        raw=whole,
    )


@attrs.define(eq=False, kw_only=True)
class Someone:
    """A person signed in. Moves from node to node with `at`, as a phone does."""

    house: LastLight
    name: str
    user_id: str
    token: str
    refresh_token: str

    def at(self, house: LastLight) -> Someone:
        """The same person and token, at another node."""
        return attrs.evolve(self, house=house)

    async def send(
        self, method: str, target: str, body: object = None, *, key: str | None = None
    ) -> Heard:
        """Send a request with the token; a POST without a key gets a fresh one."""
        headers: Headers = (("authorization", f"Bearer {self.token}"),)
        if method == "POST":
            headers = (*headers, ("idempotency-key", key or str(uuid4())))
        return await ask(self.house, method, target, body, headers=headers)

    async def need(
        self, status: int, method: str, target: str, body: object = None, *, key: str | None = None
    ) -> Any:
        """As `send`, for what must be answered with `status`; returns the body."""
        heard = await self.send(method, target, body, key=key)
        assert heard.status == status, f"{self.name} {method} {target}: {heard}"
        return heard.body

    async def refresh(self) -> None:
        """Take a new access token; the old one ends after a quarter of an hour."""
        sent = {"refresh_token": self.refresh_token}
        heard = await ask(self.house, "POST", "/api/auth/refresh", sent)
        assert heard.status == 200, f"{self.name}: {heard}"
        self.token = heard.body["access_token"]
        self.refresh_token = heard.body["refresh_token"]


async def sign_in(house: LastLight, name: str, password: str = DEMO_PASSWORD) -> Someone:
    """Somebody of the demo, by the name before the @."""
    body = {"email": f"{name}@lastlight.example", "password": password}
    heard = await ask(house, "POST", "/api/auth/login", body)
    assert heard.status == 200, f"{name}: {heard}"
    return Someone(
        house=house,
        name=name,
        user_id=heard.body["user"]["user_id"],
        token=heard.body["access_token"],
        refresh_token=heard.body["refresh_token"],
    )


def instant(at: datetime) -> str:
    """A time as a device sends it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def here(house: LastLight) -> dict[str, object]:
    """A good fix at the venue's door, taken now."""
    fix_at = instant(house.world.clock.now())
    return {"lat": 35.6595, "lon": 139.7005, "accuracy_m": 10, "fix_at": fix_at}


async def check_in(patron: Someone, staff: Someone, *, activity: str = "lounge") -> dict[str, Any]:
    """Let a patron in with the code that `staff` shows; returns the session."""
    codes = await staff.need(200, "GET", f"/api/venues/{VENUE}/checkin-code")
    body = {
        "venue_id": VENUE,
        "qr_token": codes["tokens"][0]["qr_token"],
        "location": here(patron.house),
        "party_size": 1,
        "activity": activity,
    }
    found: dict[str, Any] = await patron.need(201, "POST", "/api/sessions/checkin", body)
    return found


async def go_on_duty(staff: Someone) -> None:
    """Clock in at the venue."""
    body = {"venue_id": VENUE, "location": here(staff.house)}
    await staff.need(201, "POST", "/api/staff/clock-in", body)


async def open_till(staff: Someone, drawer: str = "front") -> str:
    """A till for somebody on duty; returns its id."""
    body = {"drawer": drawer, "opening_float_minor": 10_000}
    found: str = (await staff.need(201, "POST", "/api/staff/tills", body))["till_id"]
    return found


async def top_up(
    staff: Someone, patron: Someone, amount_minor: int, *, key: str | None = None
) -> Any:
    """Take cash of a patron."""
    body = {
        "venue_id": VENUE,
        "tender": "cash",
        "amount_minor": amount_minor,
        "user_id": patron.user_id,
    }
    return await staff.need(201, "POST", "/api/transactions/topup", body, key=key)


def an_order(game_or_item: Mapping[str, object], qty: int = 1) -> dict[str, object]:
    """The body of a purchase of one line."""
    return {"venue_id": VENUE, "lines": [{**game_or_item, "qty": qty}], "tender": "credits"}
