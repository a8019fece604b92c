"""The code on the door screen: who shows it was there within the last minute (Rule 6).

A token is `base64url(venue_id, step, nonce).HMAC-SHA256`. Its key is derived from one server
secret, the venue and the UTC day on which the step began, so keys change daily without being
kept anywhere, and around midnight two of them are live. A token is good in its own step and the
next, so a picture of it is worth little.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.errors import Code, Refusal

NONCE_BYTES: Final = 8
STEPS_AHEAD: Final = 5
"""A door screen is given the current step and this many more, to survive a short outage."""
_LAYOUT: Final = struct.Struct(f">16sQ{NONCE_BYTES}s")
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP_MAX: Final = 2**30
"""Even of the longest steps, none before this is past the year 9999."""


@attrs.frozen(kw_only=True)
class _Parts:
    venue_id: UUID
    step: int
    payload: bytes
    signature: bytes


def step_of(at: datetime, step_s: int) -> int:
    """The number of the step that `at` is in, counted from 1970."""
    return (at - _EPOCH) // (step_s * _SECOND)


def start_of_step(step: int, step_s: int) -> datetime:
    """When a step begins."""
    return _EPOCH + step * step_s * _SECOND


def make_token(venue_id: UUID, step: int, *, step_s: int, nonce: bytes, secret: bytes) -> str:
    """The token of one step. `nonce` is NONCE_BYTES fresh random bytes."""
    assert len(nonce) == NONCE_BYTES
    payload = _LAYOUT.pack(venue_id.bytes, step, nonce)
    day = start_of_step(step, step_s).date()
    return f"{_encode(payload)}.{_encode(_sign(payload, venue_id, day, secret))}"


def refuse_token(
    qr_token: str, *, venue_id: UUID, at: datetime, step_s: int, secret: bytes
) -> Refusal | None:
    """Why this token lets nobody in at `at`: always 410 `qr_expired`.

    Malformed, forged, another venue's, too old and not yet valid get one and the same answer, so
    that it teaches a forger nothing.
    """
    made_for = read_token(qr_token, venue_id=venue_id, step_s=step_s, secret=secret)
    return refuse_step(made_for, at=at, step_s=step_s)


def read_token(qr_token: str, *, venue_id: UUID, step_s: int, secret: bytes) -> datetime | None:
    """When the step begins that a token of ours was made for at this venue; None of any other."""
    parts = _parse(qr_token)
    if parts is None or parts.venue_id != venue_id:
        return None
    start = start_of_step(parts.step, step_s)
    signature = _sign(parts.payload, venue_id, start.date(), secret)
    return start if hmac.compare_digest(parts.signature, signature) else None


def refuse_step(made_for: datetime | None, *, at: datetime, step_s: int) -> Refusal | None:
    """Why a token that `read_token` read lets nobody in at `at`: see `refuse_token`."""
    current = step_of(at, step_s)
    if made_for is not None and step_of(made_for, step_s) in {current, current - 1}:
        return None
    return Refusal(
        Code.QR_EXPIRED,
        f"this code is not good at this venue now; each one lasts {2 * step_s} s at most; "
        "scan the one on the door screen",
    )


def _sign(payload: bytes, venue_id: UUID, day: date, secret: bytes) -> bytes:
    purpose = f"lastlight checkin-code {day.isoformat()}".encode()
    key = hmac.digest(secret, purpose + venue_id.bytes, hashlib.sha256)
    return hmac.digest(key, payload, hashlib.sha256)


def _parse(qr_token: str) -> _Parts | None:
    encoded, dot, signature = qr_token.partition(".")
    payload = _decode(encoded)
    signed = _decode(signature)
    if not dot or payload is None or signed is None or len(payload) != _LAYOUT.size:
        return None
    venue, step, _ = _LAYOUT.unpack(payload)
    # Beyond this a step may have no date, and no honest screen shows one.
    if step >= _STEP_MAX:
        return None
    return _Parts(venue_id=UUID(bytes=venue), step=step, payload=payload, signature=signed)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    """The bytes of a text that `_encode` could have written; of any other spelling None."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if _encode(raw) == text else None
