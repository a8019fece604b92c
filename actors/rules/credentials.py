"""Codes, secrets and hashes of signing in: what is kept of them, and how long they last (Rule 16).

What is refused here is worded once, so that whoever asks can't tell an unknown address from a wrong
password, or a spent code from one that never was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from protocol.errors import Code, Refusal

RESET_AGE_MAX: Final = timedelta(minutes=30)
CODE_AGE_MAX: Final = timedelta(minutes=10)
CODE_TRIES_MAX: Final = 5
SENT_PER_HOUR_MAX: Final = 3
"""Reset tokens, or codes that were asked for, that one address is sent within an hour."""
HOUR: Final = timedelta(hours=1)

WRONG_CREDENTIALS: Final = Refusal(
    Code.INVALID_CREDENTIALS, "this is not the address, password or PIN of an account; try again"
)
SPENT: Final = Refusal(
    Code.TOKEN_EXPIRED, "this token or code is wrong, used or too old; ask for a new one"
)
CHANGED_MEANWHILE: Final = Refusal(
    Code.ACTOR_UNAVAILABLE,
    "password or PIN changed while this was checked; nothing was done, try again",
    retry_after_s=1,
)


def credentials_version(*hashes: str | None) -> int:
    """A number that changes with any of the stored hashes, and with nothing else: 48 bits.

    What was checked before the mailbox counts only if it is still what is stored.
    """
    text = "\n".join(stored or "" for stored in hashes)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def digest_of_secret(token_id: UUID, secret: str) -> bytes:
    """What is kept of a single-use token or code. Short codes repeat, so the row's id is in it."""
    return hashlib.sha256(token_id.bytes + secret.encode("utf-8", "surrogatepass")).digest()


def digest_of_refresh(family_id: UUID, n: int) -> bytes:
    """What is kept of the n-th refresh token of a family: of the part that names it.

    The part that proves it is made with the server's key, which no actor has.
    """
    return hashlib.sha256(f"{family_id.hex}.{n}".encode("ascii")).digest()


def refuse_sending(
    sent_at: Iterable[datetime], now: datetime, *, most: int = SENT_PER_HOUR_MAX
) -> Refusal | None:
    """429 `rate_limited` where `most` were sent within the hour, until the oldest is past it."""
    recent = sorted(at for at in sent_at if now - at < HOUR)
    if len(recent) < most:
        return None
    opens_at = recent[-most] + HOUR
    return Refusal(
        Code.RATE_LIMITED,
        f"{len(recent)} messages were asked for within the hour; look for them, or wait",
        retry_after_s=max(1, -(-(opens_at - now) // timedelta(seconds=1))),
    )
