"""Access tokens that ended early: a role was changed, a password reset, a login revoked.

Only the last ACCESS_TOKEN_S matter, because an older token has ended by itself, so everything fits
in memory. It is filled before the door opens. Should more people be revoked than there is room
for, everyone's tokens of that time end: a needless refresh is better than a revoked token that
still opens doors.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import attrs

from lastlight.auth.tokens import CLOCK_SKEW, TokenInvalid
from protocol.addresses import Principal
from protocol.limits import ACCESS_TOKEN_S, REVOCATIONS_MAX

_LIFE: Final = timedelta(seconds=ACCESS_TOKEN_S)
REVOCATIONS_KEPT: Final = _LIFE + CLOCK_SKEW
"""A token issued by a clock ahead of ours lives that much longer than its revocation."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

K = TypeVar("K", bound=Hashable)
Facts = dict[K, tuple[datetime, int]]
"""When something was revoked, and the least version that still counts."""


@attrs.frozen(kw_only=True)
class Bump:
    """From `at` on, tokens of this user count only from this token version."""

    user_id: UUID
    token_version: int
    at: datetime


@attrs.frozen(kw_only=True)
class FamilyEnd:
    """From `at` on, no token of this login counts."""

    family_id: UUID
    at: datetime


class Revocations:
    """The least token version of users and the revoked families of the last ACCESS_TOKEN_S."""

    def __init__(self, *, entries_max: int = REVOCATIONS_MAX) -> None:
        self._entries_max = entries_max
        self._least: Facts[UUID] = {}
        self._families: Facts[UUID] = {}
        self._everyone_until = _LONG_AGO

    def fill(self, facts: Iterable[Bump | FamilyEnd], *, now: datetime) -> None:
        """Know what storage knows of the last REVOCATIONS_KEPT; to be called before the door opens.

        It takes the place of all that was known: what a lost commit had revoked never was, and
        tokens issued since would be refused by it.
        """
        self._least.clear()
        self._families.clear()
        self._everyone_until = _LONG_AGO
        for fact in sorted(facts, key=lambda fact: fact.at):
            if isinstance(fact, Bump):
                self.bump(fact, now=now)
            else:
                self.end_family(fact, now=now)

    def bump(self, fact: Bump, *, now: datetime) -> None:
        """Refuse the user's tokens below a version. A lower version than before changes nothing."""
        at, least = self._least.get(fact.user_id, (_LONG_AGO, 0))
        merged = (max(at, fact.at), max(least, fact.token_version))
        self._put(self._least, fact.user_id, merged, now)

    def end_family(self, fact: FamilyEnd, *, now: datetime) -> None:
        """Refuse all tokens of a login."""
        self._put(self._families, fact.family_id, (fact.at, 0), now)

    def check(self, principal: Principal) -> None:
        """Let a verified principal pass, or not.

        Raises:
            TokenInvalid: the token was revoked.
        """
        _, least = self._least.get(principal.user_id, (_LONG_AGO, 0))
        if principal.token_version < least:
            raise TokenInvalid(
                f"the access token has version {principal.token_version}, the account asks for "
                f"{least}: roles or password were changed; refresh it"
            )
        if principal.family_id in self._families:
            raise TokenInvalid("this login was ended; sign in again")
        if principal.expires_at - _LIFE <= self._everyone_until:
            raise TokenInvalid(
                f"all access tokens from before {self._everyone_until} were ended; refresh it"
            )

    def is_revoked(self, principal: Principal) -> bool:
        """Whether `check` would not let a principal pass."""
        try:
            self.check(principal)
        except TokenInvalid:
            return True
        return False

    def statistics(self) -> dict[str, int]:
        """How many users and families are held, for metrics."""
        return {"users": len(self._least), "families": len(self._families)}

    def _put(self, facts: Facts[K], key: K, value: tuple[datetime, int], now: datetime) -> None:
        facts.pop(key, None)
        facts[key] = value
        _forget(facts, now - REVOCATIONS_KEPT)
        if len(facts) > self._entries_max:
            oldest = next(iter(facts))
            at, _ = facts.pop(oldest)
            self._everyone_until = max(self._everyone_until, at + CLOCK_SKEW)


def _forget(facts: Facts[K], before: datetime) -> None:
    """Drop from the front what no living token can meet; insertion is in order of time."""
    while facts:
        oldest = next(iter(facts))
        if facts[oldest][0] >= before:
            return
        del facts[oldest]
