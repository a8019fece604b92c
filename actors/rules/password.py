"""Which passwords are taken, when a login is locked, and how old one must be (Rule 16, Auth)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from actors.rules.age import age_years
from protocol.errors import Code, FieldError, Refusal
from protocol.limits import PASSWORD_BYTES_MAX

PASSWORD_CHARS_LEAST: Final = 10
LOGIN_FAILURES_MAX: Final = 10
LOGIN_WINDOW: Final = timedelta(minutes=15)
MINIMUM_AGE_YEARS: Final = 18
"""To have an account at all; a venue may ask more for alcohol."""


def refuse_password(password: str, *, pointer: str = "/password") -> Refusal | None:
    """422 for a password under 10 characters or over 72 UTF-8 bytes.

    bcrypt reads 72 bytes and no more; a longer one is refused, never silently cut.
    """
    size = len(password.encode("utf-8", "surrogatepass"))
    if len(password) < PASSWORD_CHARS_LEAST:
        error = FieldError(
            pointer,
            "too_short",
            f"a password has at least {PASSWORD_CHARS_LEAST} characters; this has {len(password)}",
        )
    elif size > PASSWORD_BYTES_MAX:
        error = FieldError(
            pointer,
            "too_long",
            f"a password has at most {PASSWORD_BYTES_MAX} bytes in UTF-8; this has {size}",
        )
    else:
        return None
    return Refusal(Code.VALIDATION_FAILED, error.detail, errors=(error,))


def with_failure(failures: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """The failed logins to remember after one more: those that can still lock, at most 10."""
    recent = [at for at in failures if now - at < LOGIN_WINDOW]
    return (*recent, now)[-LOGIN_FAILURES_MAX:]


def refuse_login(failures: Sequence[datetime], now: datetime) -> Refusal | None:
    """429 `login_locked` after 10 failures in 15 minutes, until the oldest of them is past.

    Ask before the password is looked at, so that a locked account tells nothing about it.
    """
    recent = sorted(at for at in failures if now - at < LOGIN_WINDOW)
    if len(recent) < LOGIN_FAILURES_MAX:
        return None
    opens_at = recent[-LOGIN_FAILURES_MAX] + LOGIN_WINDOW
    return Refusal(
        Code.LOGIN_LOCKED,
        f"{len(recent)} logins failed within 15 min; wait, or reset the password",
        retry_after_s=max(1, -(-(opens_at - now) // timedelta(seconds=1))),
    )


def refuse_age(
    birth_date: date, today: date, *, least_years: int = MINIMUM_AGE_YEARS
) -> Refusal | None:
    """422 `under_minimum_age`; `today` is the date where the person is."""
    if age_years(birth_date, today) >= least_years:
        return None
    return Refusal(
        Code.UNDER_MINIMUM_AGE, f"an account is for people of {least_years} years and older"
    )
