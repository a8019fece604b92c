"""Revocations: a token that was ended opens nothing, however many are ended at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from lastlight.auth.revocations import Bump, FamilyEnd, Revocations
from lastlight.auth.tokens import TokenInvalid
from protocol.addresses import Principal, Role

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
LIFE = timedelta(minutes=15)


def principal(user: int = 1, *, version: int = 1, family: int = 1, at: datetime = NOW) -> Principal:
    return Principal(
        user_id=UUID(int=user),
        display_name="n",
        roles={},
        everywhere=Role.PATRON,
        token_version=version,
        family_id=UUID(int=family),
        expires_at=at + LIFE,
    )


def bump(user: int, version: int, at: datetime = NOW) -> Bump:
    return Bump(user_id=UUID(int=user), token_version=version, at=at)


def end(family: int, at: datetime = NOW) -> FamilyEnd:
    return FamilyEnd(family_id=UUID(int=family), at=at)


def refused(revocations: Revocations, who: Principal) -> bool:
    try:
        revocations.check(who)
    except TokenInvalid:
        return True
    return False


def test_a_bump_ends_older_versions_of_that_user_only() -> None:
    """Rule 15: after a role change the old token fails at once, and nobody else's does."""
    revocations = Revocations()
    revocations.bump(bump(1, 2), now=NOW)
    assert refused(revocations, principal(1, version=1))
    assert not refused(revocations, principal(1, version=2))
    assert not refused(revocations, principal(2, version=1))


def test_a_late_word_of_a_lower_version_takes_nothing_back() -> None:
    """Actors come in and out with what they know; the order must not matter."""
    revocations = Revocations()
    revocations.fill([bump(1, 5, NOW - LIFE / 3), end(9, NOW - LIFE / 2)], now=NOW)
    revocations.bump(bump(1, 3), now=NOW)
    assert refused(revocations, principal(1, version=4))
    assert refused(revocations, principal(2, family=9))


def test_what_was_lost_is_no_revocation() -> None:
    """A node that begins anew knows what storage knows: new tokens are not refused for it."""
    revocations = Revocations()
    revocations.bump(bump(1, 2), now=NOW)
    revocations.end_family(end(9), now=NOW)
    revocations.fill([end(8)], now=NOW)
    assert not refused(revocations, principal(1, version=1, family=9))
    assert refused(revocations, principal(1, version=1, family=8))


def test_an_ended_login_leaves_the_users_other_logins_alone() -> None:
    """Signing out on one phone is not signing out on all."""
    revocations = Revocations()
    revocations.end_family(end(1), now=NOW)
    assert refused(revocations, principal(family=1))
    assert not refused(revocations, principal(family=2))


def test_what_is_older_than_any_living_token_is_forgotten() -> None:
    """Memory holds a quarter of an hour, not the venue's history."""
    revocations = Revocations()
    revocations.bump(bump(1, 2), now=NOW)
    revocations.end_family(end(1), now=NOW)
    later = NOW + LIFE
    revocations.bump(bump(2, 2, later), now=later)
    assert revocations.statistics()["users"] == 2, "a token issued in the same second still lives"
    later += timedelta(minutes=1)
    revocations.bump(bump(3, 2, later), now=later)
    assert revocations.statistics() == {"users": 2, "families": 1}


def test_beyond_the_bound_all_older_tokens_end_and_newer_ones_do_not() -> None:
    """Forgetting a revocation would open a door; a refresh too many only costs a request."""
    revocations = Revocations(entries_max=3)
    for n in range(5):
        revocations.end_family(end(n, NOW + timedelta(minutes=n)), now=NOW + timedelta(minutes=n))
    assert revocations.statistics()["families"] == 3
    assert all(refused(revocations, principal(family=n)) for n in range(5))
    assert refused(revocations, principal(family=77, at=NOW + timedelta(minutes=1)))
    fresh = principal(family=77, at=NOW + timedelta(minutes=1, seconds=6))
    revocations.check(fresh)


def test_beyond_the_bound_what_was_lost_ends_nobody_elses_tokens() -> None:
    """Who was ended to make room for what never was comes in again when the node begins anew."""
    revocations = Revocations(entries_max=1)
    revocations.end_family(end(1), now=NOW)
    revocations.end_family(end(2), now=NOW)
    assert refused(revocations, principal(family=77))
    revocations.fill([end(1)], now=NOW)
    assert not refused(revocations, principal(family=77))
    assert refused(revocations, principal(family=1))


def test_the_refusal_says_what_to_do() -> None:
    """Clients refresh on one and sign in on the other."""
    revocations = Revocations()
    revocations.bump(bump(1, 2), now=NOW)
    revocations.end_family(end(8), now=NOW)
    with pytest.raises(TokenInvalid, match="version 1, the account asks for 2"):
        revocations.check(principal(1))
    with pytest.raises(TokenInvalid, match="sign in again"):
        revocations.check(principal(2, family=8))
