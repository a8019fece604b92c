"""Passwords: bcrypt away from the loop, at a bounded pace, as slow for strangers as for users.

A hash takes a core for a quarter of a second. A few threads do them, some callers wait in line, and
whoever comes on top is told to come back; so a wave of logins can't starve the venue. Nothing
about a result is remembered between calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

import bcrypt
import trio

from protocol.errors import Code, LastLightError
from protocol.limits import (
    BCRYPT_COST,
    PASSWORD_BYTES_MAX,
    PASSWORD_THREADS,
    PASSWORDS_WAITING_MAX,
)

_NOBODY: Final = "a6mum8jYTsUcturU.pnOnehU34MfgD5diMxvYfwtHhyicngxvg8Dm"
"""Salt and digest of random bytes that were thrown away: nobody's password leads to it."""

T = TypeVar("T")


class PasswordTooLong(LastLightError):
    """bcrypt would read only its beginning. Nothing was hashed."""

    code: ClassVar[Code] = Code.VALIDATION_FAILED


class PasswordsBusy(LastLightError):
    """Too many wait to have a password checked. Nothing was done."""

    code: ClassVar[Code] = Code.ACTOR_UNAVAILABLE
    retry_after_s: ClassVar[int | None] = 2


class Passwords:
    """Hashes and verifies in at most `threads` threads, with at most `waiting_max` in line."""

    def __init__(
        self,
        *,
        cost: int = BCRYPT_COST,
        threads: int = PASSWORD_THREADS,
        waiting_max: int = PASSWORDS_WAITING_MAX,
    ) -> None:
        self._cost = cost
        self._limiter = trio.CapacityLimiter(threads)
        self._waiting_max = waiting_max
        self._nobody = f"$2b${cost:02}${_NOBODY}".encode("ascii")

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return self._limiter.statistics().tasks_waiting

    async def hash(self, password: str) -> str:
        """The text to store for `password`.

        Raises:
            PasswordTooLong: it has more than PASSWORD_BYTES_MAX bytes of UTF-8 (Rule 16).
            PasswordsBusy: the line is full.
        """
        data = password.encode("utf-8")
        if len(data) > PASSWORD_BYTES_MAX:
            raise PasswordTooLong(
                f"a password of {len(data)} bytes; at most {PASSWORD_BYTES_MAX}, choose a shorter"
            )
        hashed = await self._run(lambda: bcrypt.hashpw(data, bcrypt.gensalt(self._cost)))
        return hashed.decode("ascii")

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the one behind `stored`.

        None stands for an address that nobody signs in with: it takes as long and says no, as does
        a password that `hash` would have refused. So the time tells nobody who has an account.

        Raises:
            PasswordsBusy: the line is full.
        """
        data = password.encode("utf-8", "surrogatepass")
        usable = stored is not None and len(data) <= PASSWORD_BYTES_MAX
        against = stored.encode("ascii") if usable and stored is not None else self._nobody
        data = data if usable else data[:PASSWORD_BYTES_MAX]
        same = await self._run(lambda: bcrypt.checkpw(data, against))
        return same and usable

    async def _run(self, work: Callable[[], T]) -> T:
        waiting = self._limiter.statistics().tasks_waiting
        if waiting >= self._waiting_max:
            raise PasswordsBusy(
                f"{waiting} passwords wait to be checked; at most {self._waiting_max}, "
                f"try again in {PasswordsBusy.retry_after_s} s"
            )
        # A caller that goes away leaves its thread to finish; it keeps its place until then.
        return await trio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)

    def statistics(self) -> dict[str, int]:
        """Threads at work and callers in line, for metrics."""
        state = self._limiter.statistics()
        return {"working": state.borrowed_tokens, "waiting": state.tasks_waiting}
