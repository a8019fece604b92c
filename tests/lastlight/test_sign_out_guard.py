"""The guard at signing out: a token that was revoked may end what has ended already."""

from __future__ import annotations

from uuid import UUID

import pytest

from lastlight.auth.keys import KeyRing
from lastlight.auth.ratelimit import RateLimits
from lastlight.auth.refresh import RefreshTokens
from lastlight.auth.revocations import FamilyEnd, Revocations
from lastlight.auth.tokens import Grant, TokenInvalid, Tokens
from lastlight.gateway.guard import Guard
from protocol.addresses import Role
from protocol.operations.table import OPERATIONS
from tests.actors.deciding import NOW

FAMILY = UUID(int=7)


def test_only_signing_out_takes_a_revoked_token_and_not_a_forged_one() -> None:
    """204, idempotent: a client whose answer got lost must not be told that it is nobody."""
    tokens, revocations = Tokens(KeyRing.fresh()), Revocations()
    guard = Guard(
        tokens=tokens,
        refresh_tokens=RefreshTokens(b"r" * 32),
        revocations=revocations,
        rate_limits=RateLimits(lambda: 0.0),
        now=lambda: NOW,
    )
    grant = Grant(
        user_id=UUID(int=1),
        display_name="Somebody",
        roles={},
        everywhere=Role.PATRON,
        token_version=1,
        family_id=FAMILY,
    )
    token = tokens.issue(grant, now=NOW)
    revocations.end_family(FamilyEnd(family_id=FAMILY, at=NOW), now=NOW)
    taken = []
    for operation in OPERATIONS:
        if operation.least is Role.PUBLIC:
            continue
        try:
            principal = guard.principal_of(f"Bearer {token}", operation)
        except TokenInvalid:
            continue
        assert principal is not None
        assert principal.family_id == FAMILY
        taken.append(operation)
    # An erasure signs everything out: whoever lost its answer asks again, and begins nothing.
    assert [operation.name for operation in taken] == ["LogOut", "RequestErasure"]
    forged = Tokens(KeyRing.fresh()).issue(grant, now=NOW)
    with pytest.raises(TokenInvalid):
        guard.principal_of(f"Bearer {forged}", taken[0])
