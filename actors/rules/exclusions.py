"""How long somebody keeps out, and that nobody sheds it: not by asking, not by a new account.

A cool-off and a self-exclusion begin at once and are only ever extended. After a self-exclusion
access returns only when its person asks for it at the venue, and 24 h later (Rule 7). What an
erased account leaves behind is a salted digest of its address (Rule 16).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from protocol.chains import rfc3339, text_digest
from protocol.errors import Code, FieldError, Refusal
from protocol.records.runtime import KeptExclusion
from protocol.records.states import ExclusionKind

RETURN_WAITS: Final = timedelta(hours=24)
"""From the request in person to the day when a self-excluded patron may come in again."""


def end_of(
    now: datetime, *, days: int | None, months: int | None, until: datetime | None
) -> datetime | None:
    """When an exclusion that begins now ends: after days, calendar months, at a time, or never."""
    if days is not None:
        return now + timedelta(days=days)
    return _months_later(now, months) if months is not None else until


def _months_later(now: datetime, months: int) -> datetime:
    """The same day of a later month, or its last day if it is shorter."""
    years, month = divmod(now.month - 1 + months, 12)
    year = now.year + years
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def refuse_past(ends_at: datetime | None, now: datetime) -> Refusal | None:
    """Why nothing can end before it begins."""
    if ends_at is None or ends_at > now:
        return None
    detail = f"{ends_at.isoformat()} is past; name a later end"
    errors = (FieldError("/until", "out_of_range", detail),)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def refuse_shortening(
    kind: ExclusionKind, running_until: datetime | None, wished: datetime | None
) -> Refusal | None:
    """Why an exclusion that runs can't be given another end: only extending is allowed.

    None is the end of what lasts until it is lifted.
    """
    if running_until is not None and (wished is None or wished > running_until):
        return None
    until = "until it is lifted" if running_until is None else f"until {running_until.isoformat()}"
    return Refusal(
        Code.EXCLUSION_ACTIVE,
        f"a {kind.value} runs {until}; it can be extended, and not shortened",
        extra={"ends_at": None if running_until is None else rfc3339(running_until)},
    )


def refuse_return(ends_at: datetime | None, now: datetime) -> Refusal | None:
    """Why a self-excluded patron can't have access again yet, whoever asks."""
    if ends_at is None or now >= ends_at:
        return None
    return Refusal(
        Code.INVALID_TRANSITION,
        f"the self-exclusion runs until {ends_at.isoformat()} and is never shortened; ask again "
        "in person after that",
    )


def identity_hash(salt: bytes, email: str) -> bytes:
    """What stays of an address whose account is erased; the id of the exclusion is the salt."""
    return text_digest(salt, email.lower())


def met_again(kept: Iterable[KeptExclusion], email: str, now: datetime) -> list[KeptExclusion]:
    """The exclusions that an address had before its account was erased, and that still hold."""
    return [
        one
        for one in kept
        if _holds(one, now) and one.identity_hash == identity_hash(one.id.bytes, email)
    ]


def _holds(one: KeptExclusion, now: datetime) -> bool:
    return one.kind is ExclusionKind.SELF_EXCLUSION or one.ends_at is None or now < one.ends_at
