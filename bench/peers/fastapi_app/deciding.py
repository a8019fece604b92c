"""What check-in and purchase decide alike: standing, own limits, and which lots of credit pay."""

from __future__ import annotations

import hashlib
import time
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec
from starlette.responses import Response

from bench.peers.fastapi_app.problems import Refused, answered
from bench.peers.fastapi_app.queries import Query
from bench.peers.fastapi_app.tokens import Principal

VENUE_KEPT_S: Final = 5.0
TRIES_MAX: Final = 5
"""So often a wallet may change between being read and being written."""
HOLD_LEVEL: Final = 3
_DAYS: Final = {"day": 1, "week": 7, "month": 30}
_VENUE = Query("venue")
_SPENT = Query("spent")


class Lot(NamedTuple):
    """A part of a lot of credit that pays."""

    grant_id: str
    source: str
    amount_minor: int


class Venues:
    """What venues say of themselves, kept for `VENUE_KEPT_S`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._kept: dict[Any, tuple[float, dict[str, Any]]] = {}

    async def of(self, venue_id: Any) -> dict[str, Any]:
        """A venue with its settings.

        Raises:
            Refused: there is none.
        """
        until, venue = self._kept.get(venue_id, (0.0, None))
        if venue is None or until < time.monotonic():
            row = await _VENUE.row(self._pool, venue_id=venue_id)
            if row is None:
                raise Refused("not_found", f"there is no venue {venue_id}")
            venue = {
                **row,
                "hours": msgspec.json.decode(row["hours"]),
                "settings": msgspec.json.decode(row["settings"]),
            }
            self._kept[venue_id] = (time.monotonic() + VENUE_KEPT_S, venue)
        return venue


def setting(venue: dict[str, Any], name: str, default: int) -> int:
    """A number that the venue may set."""
    return int(venue["settings"].get(name, default))


def fingerprint_of(body: bytes) -> bytes:
    """Which request a key stands for."""
    return hashlib.sha256(body).digest()


def authenticate(row: Any, principal: Principal) -> Any:
    """The row of whoever asks, if their token still counts."""
    if row is None or row["token_version"] != principal.token_version:
        raise Refused("unauthenticated", "the access token was revoked; sign in again")
    return row


def replayed(row: Any, fingerprint: bytes) -> Response | None:
    """The first answer, if the key is known."""
    if row["fingerprint"] is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise Refused("idempotency_key_reused", "this Idempotency-Key was used for another request")
    return answered(
        row["http_status"], row["response"].encode(), **{"idempotency-replayed": "true"}
    )


def refuse_inactive(row: Any) -> None:
    """A suspended or erased account does nothing."""
    if row["user_status"] != "active" or row["deleted"]:
        raise Refused("forbidden", f"the account is {row['user_status']}")


def refuse_excluded(row: Any, ban: str) -> None:
    """Exclusion blocks check-in and purchase; `ban` is how a ban is called."""
    kind = row["excluded_by"]
    if kind is not None:
        raise Refused(ban if kind == "venue_ban" else "excluded", f"excluded from here ({kind})")


def is_open(hours: dict[str, Any], tz: Any, at: datetime) -> bool:
    """Whether a moment is within weekly windows of local time."""
    if hours.get("always_open"):
        return True
    local = at.astimezone(tz)
    wall, today = f"{local:%H:%M}", local.strftime("%a").lower()
    yesterday = (local - timedelta(days=1)).strftime("%a").lower()
    over = [(opens, closes) for opens, closes in hours.get(yesterday, ()) if closes <= opens]
    return any(
        opens <= wall and (wall < closes or closes <= opens)
        for opens, closes in hours.get(today, ())
    ) or any(wall < closes for _, closes in over)


def lots_of(row: Any) -> list[dict[str, Any]]:
    """What can be spent, in burn order; nothing while something is owed."""
    if row["wallet_version"] is None or row["receivable_minor"] < 0:
        return []
    found: list[dict[str, Any]] = msgspec.json.decode(row["lots"])
    return found


def take(lots: list[dict[str, Any]], amount_minor: int, alcohol_minor: int = 0) -> list[Lot]:
    """The parts that pay, alcohol from paid credit only.

    Raises:
        Refused: 402, there is not enough.
    """
    left = {lot["id"]: lot["remaining_minor"] for lot in lots}
    parts: dict[str, int] = {}
    for wanted, paid_only in ((alcohol_minor, True), (amount_minor - alcohol_minor, False)):
        missing = wanted
        for lot in lots:
            if missing > 0 and not (paid_only and lot["source"] == "bonus"):
                used = min(left[lot["id"]], missing)
                left[lot["id"]] -= used
                parts[lot["id"]] = parts.get(lot["id"], 0) + used
                missing -= used
        if missing:
            raise Refused(
                "insufficient_credits",
                f"{amount_minor} minor are needed and {missing} are missing; top up first",
            )
    return [Lot(lot["id"], lot["source"], parts[lot["id"]]) for lot in lots if parts.get(lot["id"])]


def sources_json(parts: list[Lot]) -> str:
    """The parts as holds and transactions keep them."""
    return msgspec.json.encode([part._asdict() for part in parts]).decode()


def part_of(parts: list[Lot], source: str) -> int:
    """How much of the parts is paid, or bonus."""
    return sum(part.amount_minor for part in parts if part.source == source)


async def headroom_minor(pool: asyncpg.Pool, row: Any, user_id: Any, now: datetime) -> int | None:
    """What own limits on spending leave; None for the many who have none."""
    if row["limits"] is None:
        return None
    today = date.fromisoformat(row["business_day"])
    days = await _SPENT.rows(pool, user_id=user_id, business_day=row["business_day"])
    rooms = []
    for limit in msgspec.json.decode(row["limits"]):
        pending = limit["pending_effective_at"]
        value = limit["value"]
        if pending and limit["confirmed_at"] and datetime.fromisoformat(pending) <= now:
            value = None if limit["pending_removal"] else limit["pending_value"]
        if value is not None:
            first = today - timedelta(days=_DAYS[limit["period"]] - 1)
            spent = [
                day["spent_minor"]
                for day in days
                if first <= date.fromisoformat(day["business_day"]) <= today
            ]
            rooms.append(value - sum(spent))
    return min(rooms, default=None)
