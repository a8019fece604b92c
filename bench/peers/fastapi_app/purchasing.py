"""POST /api/transactions/purchase: read everything, decide, write everything in one statement."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bench.peers.fastapi_app import deciding
from bench.peers.fastapi_app.ids import now_ms
from bench.peers.fastapi_app.problems import Refused, answered
from bench.peers.fastapi_app.purchase_rows import PORTION_MILLI, Line, values_of
from bench.peers.fastapi_app.queries import Query
from bench.peers.fastapi_app.rooms import Rooms
from bench.peers.fastapi_app.tokens import Principal

_READ = Query("purchase_read")
_WRITE = Query("purchase_write")


class OrderLine(BaseModel):
    """So many of a menu item."""

    model_config = ConfigDict(extra="forbid")
    item_id: UUID
    qty: Annotated[int, Field(ge=1, le=99)]


class Order(BaseModel):
    """What load tests send; cards, cash, tips and plays are not offered here."""

    model_config = ConfigDict(extra="forbid")
    venue_id: UUID
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=30)]
    tender: Literal["credits"] = "credits"
    expected_total_minor: Annotated[int, Field(ge=0)] | None = None
    note: Annotated[str, Field(max_length=500)] | None = None


class Purchases:
    """Sells."""

    def __init__(self, pool: asyncpg.Pool, rooms: Rooms) -> None:
        self._pool = pool
        self._rooms = rooms
        self._venues = deciding.Venues(pool)

    async def purchase(self, principal: Principal, order: Order, key: str, body: bytes) -> Response:
        """Answer a purchase, or its repeat.

        Raises:
            Refused: nothing was done.
        """
        fingerprint = deciding.fingerprint_of(body)
        venue = await self._venues.of(order.venue_id)
        for _ in range(deciding.TRIES_MAX):
            row = await _READ.row(
                self._pool,
                user_id=principal.user_id,
                venue_id=order.venue_id,
                key=key,
                item_ids=[line.item_id for line in order.lines],
            )
            deciding.authenticate(row, principal)
            if (answer := deciding.replayed(row, fingerprint)) is not None:
                return answer
            values = await self._decided(row, order, venue, principal.user_id)
            more = {"key": key, "fingerprint": fingerprint}
            try:
                written = await _WRITE.row(self._pool, **values, **more)
            except asyncpg.UniqueViolationError:
                continue  # The same key, a moment earlier: the next read finds its answer.
            except asyncpg.CheckViolationError as error:
                raise Refused("item_unavailable", "the last of it has just been sold") from error
            if written["written"]:
                self._rooms.tell(values["events"], values["now"])
                return answered(201, values["response"].encode())
        raise Refused("actor_unavailable", "the wallet is in use; nothing was done, ask again")

    async def _decided(
        self, row: Any, order: Order, venue: dict[str, Any], user_id: UUID
    ) -> dict[str, Any]:
        now = now_ms()
        deciding.refuse_inactive(row)
        deciding.refuse_excluded(row, "excluded")
        if (row["receivable_minor"] or 0) < 0:
            raise Refused("insufficient_credits", "the wallet owes and is frozen; top up first")
        headroom = await deciding.headroom_minor(self._pool, row, user_id, now)
        if headroom is not None and headroom < 1:
            raise Refused("spend_limit_reached", "an own limit on spending is reached")
        if row["session_status"] == "closing":
            raise Refused("session_closed", "the session is closing; order without it")
        lines = _priced(row, order, venue, now)
        total = sum(line.total_minor for line in lines)
        if order.expected_total_minor not in (None, total):
            raise Refused("price_changed", f"the total is {total} minor now; show it and ask again")
        _refuse_service(row, lines, venue, now)
        if headroom is not None and total > headroom:
            raise Refused("spend_limit_reached", f"own limits on spending leave {headroom}")
        alcohol = sum(line.total_minor for line in lines if line.item["alcoholic"])
        parts = deciding.take(deciding.lots_of(row), total, alcohol)
        return values_of(row, order.venue_id, order.note, venue, user_id, now, lines, parts)


def _priced(row: Any, order: Order, venue: dict[str, Any], now: datetime) -> list[Line]:
    found: list[dict[str, Any]] = [] if row["items"] is None else msgspec.json.decode(row["items"])
    items = {item["id"]: item for item in found}
    wanted: defaultdict[str, int] = defaultdict(int)
    lines = []
    for line in order.lines:
        item = items.get(str(line.item_id))
        if item is not None:
            lines.append(Line(line.qty, item))
            wanted[item["id"]] += line.qty * PORTION_MILLI
    _refuse_alcohol(row, lines, venue)
    for line in order.lines:
        item = items.get(str(line.item_id))
        if item is None:
            raise Refused("item_unavailable", f"{line.item_id} is not on sale here")
        in_hours = item["hours"] is None or deciding.is_open(
            item["hours"], ZoneInfo(venue["tz"]), now
        )
        if not item["available"] or not in_hours:
            raise Refused("item_unavailable", f"{item['name']} is not to be had now")
    for item_id, milli in wanted.items():
        if items[item_id]["stocked"] and items[item_id]["free_milli"] < milli:
            raise Refused("item_unavailable", f"there is not enough of {items[item_id]['name']}")
    return lines


def _refuse_alcohol(row: Any, lines: list[Line], venue: dict[str, Any]) -> None:
    if not any(line.item["alcoholic"] for line in lines):
        return
    if max(row["safety_level"] or 0, row["safety_hold"] or 0) >= deciding.HOLD_LEVEL:
        raise Refused("alcohol_refused", "no alcohol at this safety level")
    least = deciding.setting(venue, "alcohol_age_years", 18)
    if row["age_years"] is None or row["age_years"] < least:
        raise Refused("age_unverified", f"alcohol is sold from {least} years")


def _refuse_service(row: Any, lines: list[Line], venue: dict[str, Any], now: datetime) -> None:
    """Nothing is sold when closed, no alcohol at the end, and no more of it than people drink."""
    if row["venue_status"] in ("closed", "suspended") or not deciding.is_open(
        venue["hours"], ZoneInfo(venue["tz"]), now
    ):
        raise Refused("service_stopped", f"{venue['name']} is closed; see its hours")
    drinks = sum(line.qty for line in lines if line.item["alcoholic"])
    last = row["last_orders_at"] or now
    if drinks and row["venue_status"] == "closing" and now >= last:
        raise Refused("service_stopped", "no alcohol before closing")
    most = deciding.setting(venue, "alcoholic_per_person_max", 2) * (row["party_size"] or 1)
    if drinks > most:
        raise Refused("quantity_limit", f"{drinks} alcoholic drinks in one order; {most} at most")
