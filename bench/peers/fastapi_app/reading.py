"""GET /api/sessions/{session_id}: one statement, and what the time costs by now."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from starlette.responses import Response

from bench.peers.fastapi_app import deciding
from bench.peers.fastapi_app.ids import now_ms, spelled
from bench.peers.fastapi_app.problems import Refused, answered
from bench.peers.fastapi_app.queries import Query
from bench.peers.fastapi_app.tokens import Principal

MS_PER_HOUR: Final = 3_600_000
_SESSION = Query("session")


class Sessions:
    """Shows visits."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._venues = deciding.Venues(pool)

    async def read(self, principal: Principal, session_id: UUID) -> Response:
        """One visit; another patron's is not there.

        Raises:
            Refused: it is not, or the token was revoked.
        """
        row = await _SESSION.row(self._pool, session_id=session_id, user_id=principal.user_id)
        deciding.authenticate(row, principal)
        staff = principal.works_at(row["venue_id"])
        if row["user_id"] is None or (row["user_id"] != principal.user_id and not staff):
            raise Refused("not_found", f"there is no session {session_id}")
        venue = await self._venues.of(row["venue_id"])
        body = msgspec.json.encode(_detail(session_id, row, venue, now_ms(), staff=staff))
        return answered(200, body, etag=f'"v{row["version"]}"')


def _detail(
    session_id: UUID, row: Any, venue: dict[str, Any], now: datetime, *, staff: bool
) -> dict[str, Any]:
    now_unix = int(now.timestamp() * 1000)
    until = int(row["ended_at"].timestamp() * 1000) if row["ended_at"] else now_unix
    segments = msgspec.json.decode(row["segments"])
    is_open = row["ended_at"] is None
    hold = {
        "hold_id": row["hold_id"],
        "amount_minor": row["held_minor"],
        "captured_minor": row["charged_minor"],
        "status": row["hold_status"],
        "expires_at": spelled(row["hold_expires_at"]),
    }
    return {
        "session_id": session_id,
        "user_id": row["user_id"],
        "venue_id": row["venue_id"],
        "status": row["status"],
        "activity": row["activity"],
        "station_id": row["station_id"],
        "zone": row["zone"],
        "party_size": row["party_size"],
        "business_day": row["business_day"],
        "checked_in_at": spelled(row["started_at"]),
        "status_since": spelled(row["status_since"]),
        "deadline_at": spelled(row["deadline_at"]),
        "ended_at": spelled(row["ended_at"]),
        "safety_level": row["safety_level"] if staff else None,
        "held_minor": row["held_minor"],
        "charged_minor": row["charged_minor"],
        "charge_minor": _charge_minor(segments, until, row, venue),
        "receipt_id": None,
        "segments": [_segment(segment, now_unix) for segment in segments],
        "holds": [hold] if is_open else [],
        "table": row["table_name"],
        "booked_until": None,
        "note": row["note"] if staff else None,
        "version": row["version"],
    }


def _segment(segment: dict[str, Any], now_unix: int) -> dict[str, Any]:
    ended = segment["ended_ms"]
    return {
        "segment_id": segment["id"],
        "activity": segment["activity"],
        "station_id": segment["station_id"],
        "rate_minor_per_h": segment["rate_minor_per_h"],
        "mode": segment["mode"],
        "started_at": _moment(segment["started_ms"]),
        "ended_at": None if ended is None else _moment(ended),
        "active_ms": (now_unix if ended is None else ended) - segment["started_ms"],
        "business_day": segment["business_day"],
    }


def _moment(ms: int) -> str | None:
    return spelled(datetime.fromtimestamp(ms / 1000, UTC))


def _charge_minor(
    segments: list[dict[str, Any]], until: int, row: Any, venue: dict[str, Any]
) -> int:
    """By the millisecond, rounded down once a day and activity; short visits are free; capped."""
    costs: defaultdict[tuple[str, str], int] = defaultdict(int)
    active_ms = 0
    for segment in segments:
        ended = until if segment["ended_ms"] is None else min(segment["ended_ms"], until)
        ms = max(0, ended - segment["started_ms"])
        active_ms += ms
        costs[segment["business_day"], segment["activity"]] += segment["rate_minor_per_h"] * ms
    if active_ms <= deciding.setting(venue, "short_visit_max_minutes", 5) * 60_000:
        return 0
    cap = deciding.setting(venue, "time_cap_per_day_minor", 6_000)
    meter = {} if row["meter"] is None else msgspec.json.decode(row["meter"])
    by_day: defaultdict[str, int] = defaultdict(int)
    for (day, _), cost in costs.items():
        by_day[day] += cost // MS_PER_HOUR
    first = row["business_day"]
    elsewhere = {first: meter.get("elsewhere_minor", 0)}
    return sum(min(minor, max(0, cap - elsewhere.get(day, 0))) for day, minor in by_day.items())
