"""What people see of themselves, of what is on sale, and of places."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from actors.rules.geofence import haversine_m
from protocol.addresses import Role
from protocol.codec import to_json
from protocol.operations.transactions import ListCreditPackages
from protocol.operations.users import GetOwnProfile
from protocol.operations.venues import ListPublicVenues
from protocol.records.payments import CreditPackage
from protocol.records.states import RoleName, SessionStatus
from protocol.records.users import Exclusion, User, UserLimit
from protocol.records.venues import Venue
from protocol.records.visits import Session
from protocol.values import RoleGrant
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.queries_transactions import credit_packages
from storage.postgres.queries_users import own_profile
from storage.postgres.queries_venues import public_venues
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

ME, HERE, THERE = an_id(), an_id(), an_id()
DAY = dt.timedelta(days=1)


def a_user(**values: Any) -> Any:
    given = {
        "id": ME,
        "email": "ann@lastlight.example",
        "display_name": "Ann",
        "birth_date": dt.date(1990, 2, 3),
        "password_hash": "secret-hash",
        "locale": "en",
    }
    return a(User, **{**given, **values})


async def read_profile(database: Database, user_id: Any = ME) -> Any:
    asked = asked_by(a_principal(user_id))
    async with asking(database, asked) as connection:
        return await own_profile(connection, GetOwnProfile(), asked)


async def test_a_profile_is_whole_and_has_no_secrets(database: Database) -> None:
    """What is stored about somebody is theirs to see, but what proves who they are is not."""
    grants = {str(HERE): RoleName.STAFF, "*": RoleName.OWNER}
    user = a_user(role_grants=grants, age_verified_at=NOON, version=3)
    await store(database, user, a(User, email="other@lastlight.example"))
    profile = await read_profile(database)
    assert (profile.user_id, profile.email, profile.version) == (ME, user.email, 3)
    assert (profile.age_verified, profile.email_verified) == (True, False)
    assert profile.roles == (
        RoleGrant(venue_id=None, role=Role.OWNER),
        RoleGrant(venue_id=HERE, role=Role.STAFF),
    )
    assert {"ListActors", "PurchaseItems"} <= set(profile.permissions)
    assert b"secret-hash" not in to_json(profile)


async def test_a_profile_without_birth_date_and_language_is_whole_too(
    database: Database,
) -> None:
    """Staff and owners were never asked for them, and see themselves all the same."""
    await store(database, a_user(birth_date=None, locale=None))
    profile = await read_profile(database)
    assert (profile.birth_date, profile.locale) == (None, None)
    assert b'"birth_date":null' in to_json(profile)


async def test_a_patron_may_do_what_patrons_may(database: Database) -> None:
    """Apps show what can be done; what they show must not be refused for want of a role."""
    await store(database, a_user())
    profile = await read_profile(database)
    assert profile.roles == ()
    assert "PurchaseItems" in profile.permissions
    assert not {"ListActors", "ClockIn", "Login"} & set(profile.permissions)


async def test_only_limits_and_exclusions_that_hold_are_shown(database: Database) -> None:
    """An ended one would frighten, one to come has its own page."""
    limits = {"user_id": ME, "effective_at": NOON - DAY}
    holds = a(UserLimit, value=500, **limits)
    rest = (
        a(UserLimit, value=None, kind="topup", **limits),
        a(UserLimit, value=1, superseded_at=NOON, **limits),
        a(UserLimit, value=1, kind="time", **{**limits, "effective_at": NOON + DAY}),
        a(UserLimit, value=1, user_id=an_id(), effective_at=NOON - DAY),
    )
    given = {"user_id": ME, "starts_at": NOON - DAY, "ends_at": NOON + DAY}
    running = a(Exclusion, venue_id=HERE, **given)
    endless = a(Exclusion, **{**given, "ends_at": None, "starts_at": NOON})
    over = (
        a(Exclusion, **{**given, "ends_at": NOON}),
        a(Exclusion, ended_at=NOON, **given),
        a(Exclusion, **{**given, "starts_at": NOON + DAY / 2}),
        a(Exclusion, **{**given, "user_id": an_id()}),
    )
    await store(database, a_user(), holds, *rest, running, endless, *over)
    profile = await read_profile(database)
    assert [(one.kind, one.amount) for one in profile.limits] == [(holds.kind, 500)]
    assert [one.exclusion_id for one in profile.exclusions] == [endless.id, running.id]
    assert profile.exclusions[1].venue_id == HERE


@pytest.mark.parametrize("gone", ["deleted_at", "erased_at"])
async def test_an_account_that_is_gone_has_no_profile(database: Database, gone: str) -> None:
    """Its token may live for minutes after it."""
    await store(database, a_user(**{gone: NOON}))
    with pytest.raises(NotOnShow):
        await read_profile(database)


async def test_packages_are_shown_while_they_are_on_sale(database: Database) -> None:
    """What nobody can buy any more is on no list, nor what another venue sells."""
    venue = a(Venue, id=HERE, status="open", radius_m=150)
    sold = [
        a(CreditPackage, venue_id=HERE, credits_minor=n, valid_hours={"mon": []})
        for n in (100, 200, 300)
    ]
    others = (
        a(CreditPackage, venue_id=HERE, active=False),
        a(CreditPackage, venue_id=HERE, retired_at=NOON),
        a(CreditPackage, venue_id=THERE),
    )
    await store(database, venue, *sold, *others)
    asked = asked_by(a_principal(), HERE)
    async with asking(database, asked) as connection:
        first = await credit_packages(connection, ListCreditPackages(venue_id=HERE, limit=2), asked)
        command = ListCreditPackages(venue_id=HERE, cursor=first.next_cursor)
        second = await credit_packages(connection, command, asked)
    assert [one.credits_minor for one in (*first.items, *second.items)] == [100, 200, 300]
    assert second.next_cursor is None
    assert first.items[0].valid_hours == {"mon": []}


async def list_venues(database: Database, **values: Any) -> Any:
    asked = asked_by(a_principal())
    async with asking(database, asked) as connection:
        return await public_venues(connection, ListPublicVenues(**values), asked)


async def test_venues_that_take_patrons_are_shown_with_how_busy_they_are(
    database: Database,
) -> None:
    """Who is there is nobody's business, how full it is everybody's."""
    given = {"status": "open", "radius_m": 150, "capacity": 10, "hours": {"always_open": True}}
    venues = [a(Venue, **given) for _ in range(3)]
    hidden = (
        a(Venue, **{**given, "status": "suspended"}),
        a(Venue, **given, deleted_at=NOON),
    )
    parties = [(0, 3), (1, 3), (1, 1), (2, 9)]
    sessions = [
        a(Session, venue_id=venues[n].id, party_size=size, status=SessionStatus.ACTIVE)
        for n, size in parties
    ]
    past = a(Session, venue_id=venues[0].id, party_size=9, status=SessionStatus.CLOSED)
    await store(database, *venues, *hidden, *sessions, past)
    found = await list_venues(database)
    assert [one.venue_id for one in found.items] == [venue.id for venue in venues]
    assert [one.busyness for one in found.items] == ["quiet", "lively", "full"]
    assert found.items[0].hours == {"always_open": True}
    assert found.items[0].distance_m is None
    page = await list_venues(database, limit=2)
    rest = await list_venues(database, cursor=page.next_cursor)
    assert [len(page.items), len(rest.items)] == [2, 1]


@pytest.mark.parametrize(
    ("lat", "lon"), [(35.6595, 139.7005), (35.0, 139.0), (-35.6595, -40.2995), (90.0, 0.0)]
)
async def test_a_venue_is_as_far_as_the_fence_reckons(
    database: Database, lat: float, lon: float
) -> None:
    """Two distances to one door would make one of them wrong; antipodes are the hard case."""
    place = {"lat": 35.6595, "lon": 139.7005, "status": "open", "radius_m": 150}
    await store(database, a(Venue, **place))
    (seen,) = (await list_venues(database, lat=lat, lon=lon)).items
    assert seen.distance_m == pytest.approx(haversine_m(lat, lon, 35.6595, 139.7005), abs=1)
