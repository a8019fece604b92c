"""POST /api/sessions/checkin: read everything, decide, write everything in one statement."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import struct
import time
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bench.peers.fastapi_app import deciding
from bench.peers.fastapi_app.ids import fresh_id, now_ms, spelled
from bench.peers.fastapi_app.problems import Refused, answered
from bench.peers.fastapi_app.queries import Query
from bench.peers.fastapi_app.rooms import Rooms, Told, event_columns, told
from bench.peers.fastapi_app.tokens import Principal

EARTH_RADIUS_M: Final = 6_371_008.8
FIX_AGE_MAX_S: Final = 60
ACCURACY_MAX_M: Final = 100
HOLD_MINUTES: Final = 15
_READ = Query("check_in_read")
_WRITE = Query("check_in_write")
_CODE: Final = struct.Struct(">16sQ8s")


class Fix(BaseModel):
    """Where a device says it is."""

    model_config = ConfigDict(extra="forbid")
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(ge=0)]
    fix_at: datetime
    mock: bool = False


class CheckIn(BaseModel):
    """What load tests send; bookings, rooms and letting others in are not offered here."""

    model_config = ConfigDict(extra="forbid")
    venue_id: UUID
    qr_token: Annotated[str, Field(min_length=1, max_length=300)]
    location: Fix
    party_size: Annotated[int, Field(ge=1, le=50)] = 1
    activity: Literal["lounge", "arcade_time"] = "lounge"


class CheckIns:
    """Lets people in."""

    def __init__(self, pool: asyncpg.Pool, rooms: Rooms, secret: bytes) -> None:
        self._pool = pool
        self._rooms = rooms
        self._secret = secret
        self._venues = deciding.Venues(pool)

    async def check_in(
        self, principal: Principal, order: CheckIn, key: str, body: bytes
    ) -> Response:
        """Answer a check-in, or its repeat.

        Raises:
            Refused: nothing was done.
        """
        fingerprint = deciding.fingerprint_of(body)
        venue = await self._venues.of(order.venue_id)
        for _ in range(deciding.TRIES_MAX):
            row = await _READ.row(
                self._pool, user_id=principal.user_id, venue_id=order.venue_id, key=key
            )
            deciding.authenticate(row, principal)
            if (answer := deciding.replayed(row, fingerprint)) is not None:
                return answer
            values = await self._decided(row, order, venue, principal)
            more = {"key": key, "fingerprint": fingerprint}
            try:
                written = await _WRITE.row(self._pool, **values, **more)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name == "sessions_user_id_key":
                    raise Refused("session_active", "another session has just begun") from error
                continue  # The same key, a moment earlier: the next read finds its answer.
            except asyncpg.CheckViolationError as error:
                raise Refused("capacity_full", "the last seat has just been taken") from error
            if written["written"]:
                self._rooms.tell(values["events"], values["now"])
                return answered(201, values["response"].encode(), etag='"v1"')
        raise Refused("actor_unavailable", "the wallet is in use; nothing was done, ask again")

    async def _decided(
        self, row: Any, order: CheckIn, venue: dict[str, Any], principal: Principal
    ) -> dict[str, Any]:
        now = now_ms()
        deciding.refuse_inactive(row)
        _refuse_age(row, venue)
        deciding.refuse_excluded(row, "banned")
        self._refuse_entry(row, order, venue, now)
        if row["open_session"] is not None:
            raise Refused("session_active", f"session {row['open_session']} is open")
        default_per_h = 600 if order.activity == "lounge" else 1_200
        rate = deciding.setting(venue, f"{order.activity}_minor_per_h", default_per_h)
        rate *= order.party_size
        hold = -(-rate * HOLD_MINUTES // 60)
        lots = deciding.lots_of(row)
        available = sum(lot["remaining_minor"] for lot in lots)
        needed = max(deciding.setting(venue, "checkin_funds_least_minor", 500), hold)
        if available < needed:
            raise Refused(
                "insufficient_credits",
                f"the wallet has {available} minor available; this check-in needs {needed}",
            )
        headroom = await deciding.headroom_minor(self._pool, row, principal.user_id, now)
        if headroom is not None and hold > headroom:
            raise Refused("insufficient_credits", f"own limits on spending leave {headroom}")
        parts = deciding.take(lots, hold)
        return _values(row, order, venue, principal, now, rate, parts)

    def _refuse_entry(self, row: Any, order: CheckIn, venue: dict[str, Any], now: datetime) -> None:
        """The venue's verdict, in the order of the contract."""
        if row["safety_hold"] is not None and row["safety_hold"] >= deciding.HOLD_LEVEL:
            raise Refused("safety_hold_active", "a safety hold stands; management lifts it")
        if row["venue_status"] != "open" or not deciding.is_open(
            venue["hours"], ZoneInfo(venue["tz"]), now
        ):
            raise Refused("venue_closed", f"{venue['name']} is closed; see its hours")
        step_s = deciding.setting(venue, "code_step_s", 30)
        if not _is_code(order.qr_token, order.venue_id, step_s, self._secret):
            raise Refused("qr_expired", "this code is not good at this venue now")
        _refuse_fix(order.location, venue, now)
        if row["seated"] + order.party_size > row["capacity"]:
            raise Refused("capacity_full", f"{row['seated']} of {row['capacity']} are in")


def _refuse_age(row: Any, venue: dict[str, Any]) -> None:
    least = deciding.setting(venue, "entry_age_years", 0)
    if least and (row["age_years"] is None or row["age_years"] < least):
        raise Refused("age_unverified", f"{least} years are needed here")


def _is_code(text: str, venue_id: UUID, step_s: int, secret: bytes) -> bool:
    """Whether a code of the door was made here, for this venue, for this step or the one before."""
    try:
        payload, signature = (
            base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split(".")
        )
        venue, step, _ = _CODE.unpack(payload)
    except (binascii.Error, ValueError, struct.error):
        return False
    if venue != venue_id.bytes or int(time.time()) // step_s - step not in (0, 1):
        return False
    day = datetime.fromtimestamp(step * step_s, UTC).date()
    purpose = f"lastlight checkin-code {day.isoformat()}".encode()
    key = hmac.digest(secret, purpose + venue, hashlib.sha256)
    return hmac.compare_digest(signature, hmac.digest(key, payload, hashlib.sha256))


def _refuse_fix(fix: Fix, venue: dict[str, Any], now: datetime) -> None:
    if fix.mock:
        raise Refused("location_untrusted", "another app made this location up")
    if fix.accuracy_m > ACCURACY_MAX_M:
        raise Refused("location_inaccurate", f"the fix is accurate to {fix.accuracy_m:.0f} m")
    if fix.fix_at.tzinfo is None or abs((now - fix.fix_at).total_seconds()) > FIX_AGE_MAX_S:
        raise Refused("location_inaccurate", "the fix is too old; take a new one")
    phi_1, phi_2 = math.radians(venue["lat"]), math.radians(fix.lat)
    half_lon = math.sin(math.radians(fix.lon - venue["lon"]) / 2)
    chord = math.sin((phi_2 - phi_1) / 2) ** 2 + math.cos(phi_1) * math.cos(phi_2) * half_lon**2
    distance_m = 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))
    slack_m = min(fix.accuracy_m, deciding.setting(venue, "fence_slack_max_m", 50))
    if distance_m > deciding.setting(venue, "fence_radius_m", venue["radius_m"]) + slack_m:
        raise Refused("geofence_outside", f"the fix is {distance_m:.0f} m from the venue")


class _Told(NamedTuple):
    """What is said of a visit that begins: to who asked, and in its rooms."""

    row: Any
    order: CheckIn
    venue: dict[str, Any]
    user_id: UUID
    session_id: UUID
    now: datetime
    parts: list[deciding.Lot]

    @property
    def name(self) -> str:
        return self.row["display_name"] or "Guest"

    @property
    def held_minor(self) -> int:
        return sum(part.amount_minor for part in self.parts)

    def response(self) -> dict[str, Any]:
        return {
            "session_id": self.session_id,
            "user_id": self.user_id,
            "venue_id": self.order.venue_id,
            "status": "active",
            "activity": self.order.activity,
            "party_size": self.order.party_size,
            "checked_in_at": spelled(self.now),
            "held_minor": self.held_minor,
            "assisted": False,
            "version": 1,
        }

    def events(self) -> list[Told]:
        venue_id, user = self.order.venue_id, f"user:{self.user_id}"
        rooms = (f"venue:{venue_id}:staff", f"venue:{venue_id}:management", user)
        return [
            told("credits.balance_changed", (user,), self._balance()),
            told("session.checked_in", rooms, self._checked_in(), venue_id),
        ]

    def _checked_in(self) -> dict[str, Any]:
        years, least = self.row["age_years"], deciding.setting(self.venue, "alcohol_age_years", 18)
        return {
            "session_id": self.session_id,
            "user_id": self.user_id,
            "display_name": self.name,
            "party_size": self.order.party_size,
            "activity": self.order.activity,
            "zone": None,
            "started_at": spelled(self.now),
            "assisted": False,
            "age_ok": years is not None and years >= least,
        }

    def _balance(self) -> dict[str, Any]:
        row, hold = self.row, self.held_minor
        return {
            "cause": "check_in",
            "currency": self.venue["currency"],
            "paid_minor": row["paid_minor"] - deciding.part_of(self.parts, "paid"),
            "bonus_minor": row["bonus_minor"] - deciding.part_of(self.parts, "bonus"),
            "held_minor": row["held_minor"] + hold,
            "available_minor": row["paid_minor"] + row["bonus_minor"] - hold,
            "ledger_seq": row["ledger_seq"] + 1,
        }


def _values(
    row: Any,
    order: CheckIn,
    venue: dict[str, Any],
    principal: Principal,
    now: datetime,
    rate: int,
    parts: list[deciding.Lot],
) -> dict[str, Any]:
    """What the write statement takes, with the answer and the events."""
    session_id, hold_id, user_id = fresh_id(), fresh_id(), principal.user_id
    hold = sum(part.amount_minor for part in parts)
    paid, bonus = deciding.part_of(parts, "paid"), deciding.part_of(parts, "bonus")
    told_of = _Told(row, order, venue, user_id, session_id, now, parts)
    events = told_of.events()
    held = [("held", part) for part in parts]
    lines = [(part.source, part, -1) for part in parts] + [(kind, part, 1) for kind, part in held]
    return {
        "now": now,
        "user_id": user_id,
        "venue_id": order.venue_id,
        "currency": venue["currency"],
        "wallet_version": row["wallet_version"],
        "business_day": row["business_day"],
        "display_name": told_of.name,
        "activity": order.activity,
        "party_size": order.party_size,
        "rate_minor_per_h": rate,
        "paid_minor": paid,
        "bonus_minor": bonus,
        "hold_minor": hold,
        "session_id": session_id,
        "segment_id": fresh_id(),
        "hold_id": hold_id,
        "journal_id": fresh_id(),
        "journal_source": f"hold:{hold_id}:{row['ledger_seq'] + 1}",
        "meter": msgspec.json.encode({"elsewhere_minor": row["time_paid_minor"]}).decode(),
        "sources": deciding.sources_json(parts),
        "lot_ids": [part.grant_id for part in parts],
        "lot_amounts": [part.amount_minor for part in parts],
        "posting_ids": [fresh_id() for _ in lines],
        "posting_codes": [f"user:{user_id}:{kind}" for kind, _, _ in lines],
        "posting_amounts": [sign * part.amount_minor for _, part, sign in lines],
        "posting_grants": [part.grant_id for _, part, _ in lines],
        "response": msgspec.json.encode(told_of.response()).decode(),
        "events": events,
        **event_columns(events),
    }
