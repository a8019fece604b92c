"""Rule 15: who may, and who may not even know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.permissions import (
    refuse_at_venue,
    refuse_object,
    refuse_role_change,
    refuse_route,
    refuse_unelevated,
)
from protocol.addresses import Principal, Role
from protocol.errors import Code

NOW = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
HERE, THERE = UUID(int=1), UUID(int=2)
ME, YOU = UUID(int=11), UUID(int=12)
quick = settings(max_examples=100, deadline=None)
roles = st.sampled_from((Role.PATRON, Role.STAFF, Role.MANAGEMENT, Role.OWNER))


def somebody(
    here: Role = Role.PATRON, there: Role = Role.PATRON, everywhere: Role = Role.PATRON
) -> Principal:
    return Principal(
        user_id=ME,
        display_name="somebody",
        roles={HERE: here, THERE: there},
        everywhere=everywhere,
        token_version=1,
        family_id=UUID(int=99),
        expires_at=NOW + timedelta(minutes=15),
    )


@quick
@given(roles, roles, roles, roles)
def test_a_role_counts_only_at_its_venue(
    here: Role, there: Role, everywhere: Role, least: Role
) -> None:
    """Enough here: yes. Enough elsewhere only: never yes, whatever the answer says."""
    who = somebody(here, there, everywhere)
    refusal = refuse_at_venue(who, least, HERE)
    assert (refusal is None) == (max(here, everywhere) >= least)


@quick
@given(roles, roles, roles)
def test_a_patron_gets_404_for_anothers_object_never_403(
    here: Role, there: Role, least: Role
) -> None:
    """That there is such an object is itself a secret. Rule 15 not_yours."""
    refusal = refuse_object(
        somebody(here, there), owner_id=YOU, venue_id=HERE, least=least, whose="session x"
    )
    assert (refusal is None) == (here >= least)
    if refusal is not None:
        assert refusal.code is Code.NOT_FOUND


@quick
@given(roles, st.sampled_from((HERE, None)))
def test_ones_own_object_is_always_ones_own(least: Role, venue_id: UUID | None) -> None:
    """Rule 15, first line of the table."""
    me = somebody()
    assert refuse_object(me, owner_id=ME, venue_id=venue_id, least=least, whose="it") is None


def test_what_belongs_to_no_venue_is_for_its_owner_and_the_platforms() -> None:
    """A manager of one venue has no claim on a wallet's global rows."""
    arguments = {"owner_id": YOU, "venue_id": None, "least": Role.OWNER, "whose": "it"}
    assert refuse_object(somebody(here=Role.OWNER), **arguments) is not None  # type: ignore[arg-type]
    assert refuse_object(somebody(everywhere=Role.OWNER), **arguments) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("here", "there", "code"),
    [
        (Role.PATRON, Role.PATRON, Code.FORBIDDEN),
        (Role.PATRON, Role.MANAGEMENT, Code.NOT_FOUND),
        (Role.STAFF, Role.MANAGEMENT, Code.FORBIDDEN),
        (Role.MANAGEMENT, Role.PATRON, None),
    ],
)
def test_cross_venue_is_404_and_too_low_is_403(here: Role, there: Role, code: Code | None) -> None:
    """A manager of another branch learns nothing; staff of this one learn what they lack.

    Rule 15 venue.
    """
    refusal = refuse_at_venue(somebody(here, there), Role.MANAGEMENT, HERE)
    assert (refusal.code if refusal else None) is code


def test_a_route_is_open_to_whoever_has_its_role_anywhere() -> None:
    """Which venue it is about is asked afterwards."""
    assert refuse_route(somebody(there=Role.STAFF), Role.STAFF) is None
    assert refuse_route(somebody(), Role.PATRON) is None
    refusal = refuse_route(somebody(), Role.STAFF)
    assert refusal is not None
    assert refusal.code is Code.FORBIDDEN


def test_elevation_ends_at_its_instant() -> None:
    """Five minutes and not one request longer."""
    elevated = attrs.evolve(somebody(), elevated_until=NOW)
    assert refuse_unelevated(elevated, NOW - timedelta(milliseconds=1)) is None
    for who, at in ((elevated, NOW), (somebody(), NOW)):
        refusal = refuse_unelevated(who, at)
        assert refusal is not None
        assert refusal.code is Code.STEP_UP_REQUIRED


@quick
@given(roles, roles, roles)
def test_who_gives_and_takes_roles(granter: Role, before: Role, after: Role) -> None:
    """Management gives or takes staff, only owners anything above."""
    refusal = refuse_role_change(
        somebody(here=granter),
        user_id=YOU,
        venue_id=HERE,
        before=before,
        after=after,
        roles_at_venue={YOU: before, UUID(int=13): Role.OWNER},
    )
    high = max(before, after) > Role.STAFF
    assert (refusal is None) == (granter >= (Role.OWNER if high else Role.MANAGEMENT))


def test_nobody_edits_own_roles_and_the_last_owner_stays() -> None:
    """A venue without an owner could never have one again."""
    owner = somebody(everywhere=Role.OWNER)
    change = {"venue_id": HERE, "before": Role.OWNER, "after": Role.STAFF}
    own = refuse_role_change(owner, user_id=ME, roles_at_venue={}, **change)  # type: ignore[arg-type]
    last = refuse_role_change(owner, user_id=YOU, roles_at_venue={YOU: Role.OWNER}, **change)  # type: ignore[arg-type]
    assert own is not None
    assert last is not None
    assert (own.code, last.code) == (Code.FORBIDDEN, Code.LAST_OWNER)
