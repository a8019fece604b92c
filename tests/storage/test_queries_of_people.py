"""People as others see them: masked by role, and not there for venues where they never were.

On real PostgreSQL, because what hides them are its functions and its row-level security (Rule 15).
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from protocol.addresses import Role
from protocol.operations.people import GetUser, ListUsers
from protocol.operations.users import GetPreferences
from protocol.records.money import Credits
from protocol.records.states import ExclusionKind, RoleName, SessionStatus
from protocol.records.users import Exclusion, User, UserPreferences, UserRole
from protocol.records.visits import Session, SessionHistory
from protocol.replies.people import UserDetail, UserList
from protocol.values import EmergencyContact
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.errors import DatabaseRefused
from storage.postgres.paging import CursorInvalid
from storage.postgres.queries_people import SearchTooShort, user, users
from storage.postgres.queries_users import own_preferences
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

HERE, THERE = an_id(), an_id()
DAY = dt.timedelta(days=1)
CONTACT = {"name": "Somebody Near", "phone": "+81312345678", "relation": None}


def a_guest(name: str, **values: Any) -> Any:
    """Somebody with everything that contact data is."""
    id_ = an_id()
    given = {
        "id": id_,
        "display_name": name,
        "email": f"{id_.int}@lastlight.example",
        "phone": "+81387654321",
        "birth_date": dt.date(1990, 2, 3),
        "emergency_contact": CONTACT,
    }
    return a(User, **(given | values))


def was_at(venue_id: UUID, guest: Any) -> Any:
    """A visit that is over."""
    return a(SessionHistory, venue_id=venue_id, user_id=guest.id, status=SessionStatus.CLOSED)


async def search(
    database: Database, role: Role, q: str, venue_id: UUID = HERE, **more: Any
) -> UserList:
    """What somebody with a role at a venue finds."""
    asked = asked_by(a_principal(roles={venue_id: role}), venue_id)
    async with asking(database, asked) as connection:
        return await users(connection, ListUsers(q=q, **more), asked)


async def look_at(
    database: Database, role: Role, user_id: UUID, venue_id: UUID = HERE
) -> UserDetail:
    """What somebody with a role at a venue is shown of a person."""
    asked = asked_by(a_principal(roles={venue_id: role}), venue_id)
    async with asking(database, asked) as connection:
        return await user(connection, GetUser(user_id=user_id), asked)


async def test_staff_see_a_face_and_a_name_and_management_how_to_reach_somebody(
    database: Database,
) -> None:
    """The same person, through two pairs of eyes."""
    guest = a_guest("Annabel", photo="p/1", age_verified_at=NOON, email_verified_at=NOON, version=3)
    visit = a(Session, venue_id=HERE, user_id=guest.id, status=SessionStatus.PAUSED, safety_level=2)
    wallet = a(Credits, user_id=guest.id, currency="JPY", paid_minor=900, receivable_minor=-50)
    kept_out = a(
        Exclusion,
        user_id=guest.id,
        kind=ExclusionKind.SELF_EXCLUSION,
        starts_at=NOON - 400 * DAY,
        ends_at=NOON - DAY,
        reason="nobody else's business",
    )
    await store(database, guest, visit, wallet, kept_out)
    seen = await look_at(database, Role.STAFF, guest.id)
    assert (seen.display_name, seen.photo, seen.age_verified) == ("Annabel", "p/1", True)
    assert (seen.status, seen.excluded, seen.roles, seen.created_at) == (None,) * 4
    (listed,) = (await search(database, Role.STAFF, "nabe")).items
    assert (listed.status, listed.excluded) == (None, None)
    assert seen.visit is not None
    assert (seen.visit.session_id, seen.visit.safety_level) == (visit.id, 2)
    hidden = (seen.email, seen.phone, seen.birth_date, seen.emergency_contact, seen.email_verified)
    assert hidden == (None,) * 5
    assert (seen.wallets, seen.exclusions) == (None, None)
    known = await look_at(database, Role.MANAGEMENT, guest.id)
    assert (known.email, known.phone) == (guest.email, guest.phone)
    assert (known.status, known.excluded, known.roles) == (guest.status, True, ())
    assert known.emergency_contact == EmergencyContact(**CONTACT)  # type: ignore[arg-type]
    assert known.wallets is not None
    assert [(w.paid_minor, w.owed_minor) for w in known.wallets] == [(900, 50)]
    assert known.exclusions is not None
    assert [one.exclusion_id for one in known.exclusions] == [kept_out.id]
    assert (seen.version, known.version) == (3, 3)


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGEMENT, Role.OWNER])
async def test_who_was_never_here_is_not_there(database: Database, role: Role) -> None:
    """404 and no line in any search: that somebody exists is their own affair."""
    guest = a_guest("Annabel")
    await store(database, guest, was_at(THERE, guest))
    with pytest.raises(NotOnShow):
        await look_at(database, role, guest.id)
    with pytest.raises(NotOnShow):
        await look_at(database, role, an_id())
    assert (await search(database, role, "nabe")).items == ()
    assert (await search(database, role, guest.email)).items == ()
    assert [one.user_id for one in (await search(database, role, "nabe", THERE)).items] == [
        guest.id
    ]


async def test_patrons_find_nobody_even_by_a_wrong_query(database: Database) -> None:
    """The functions have the rule in them, whatever the gateway would let through."""
    guest = a_guest("Annabel")
    await store(database, guest, was_at(HERE, guest))
    asked = asked_by(a_principal())
    async with asking(database, asked) as connection:
        assert (await users(connection, ListUsers(q="annabel"), asked)).items == ()
        with pytest.raises(NotOnShow):
            await user(connection, GetUser(user_id=guest.id), asked)
    with pytest.raises(DatabaseRefused, match="permission denied"):
        async with asking(database, asked) as connection:
            await connection.execute("select scrub_person($1, $2)", guest.id, an_id())


async def test_names_are_searched_by_any_part_without_case_newest_first(
    database: Database,
) -> None:
    """Pages hang together; people who work here are found as well as guests."""
    guests = [a_guest(name) for name in ("Annabel", "Hannah", "joANNa", "Otto", "Anna deleted")]
    gone = guests[4].evolve(deleted_at=NOON)
    worker = a_guest("Annika")
    role = a(UserRole, user_id=worker.id, venue_id=HERE, role=RoleName.STAFF)
    visits = [was_at(HERE, guest) for guest in guests]
    await store(database, *guests[:4], gone, *visits, worker, role)
    first = await search(database, Role.STAFF, "aNN", limit=3)
    assert [one.display_name for one in first.items] == ["Annika", "joANNa", "Hannah"]
    assert first.next_cursor is not None
    rest = await search(database, Role.STAFF, "ann", cursor=first.next_cursor)
    assert [one.display_name for one in rest.items] == ["Annabel"]
    assert rest.next_cursor is None
    assert {one.email for one in first.items} == {None}


async def test_an_address_finds_its_person_for_management_only(database: Database) -> None:
    """A guest at the desk names the address they signed up with; staff are shown none."""
    guest = a_guest("Annabel")
    await store(database, guest, was_at(HERE, guest))
    assert (await search(database, Role.STAFF, guest.email)).items == ()
    (found,) = (await search(database, Role.MANAGEMENT, guest.email.upper())).items
    assert (found.user_id, found.email) == (guest.id, guest.email)


async def test_the_open_visit_shown_is_one_at_the_callers_venue(database: Database) -> None:
    """Where else somebody is tonight is not for this venue to know."""
    guest = a_guest("Annabel")
    elsewhere = a(Session, venue_id=THERE, user_id=guest.id, status=SessionStatus.ACTIVE)
    banned = a(
        Exclusion,
        user_id=guest.id,
        venue_id=THERE,
        kind=ExclusionKind.VENUE_BAN,
        starts_at=NOON - 400 * DAY,
    )
    await store(database, guest, was_at(HERE, guest), elsewhere, banned)
    seen = await look_at(database, Role.MANAGEMENT, guest.id)
    assert (seen.visit, seen.excluded, seen.exclusions) == (None, False, ())


@pytest.mark.parametrize("q", ["", "an", "  an "])
async def test_too_short_a_text_is_no_search(database: Database, q: str) -> None:
    """400: two letters are in everybody's name."""
    with pytest.raises(SearchTooShort):
        await search(database, Role.STAFF, q)


async def test_a_strange_cursor_is_refused(database: Database) -> None:
    """400, and nothing was read."""
    with pytest.raises(CursorInvalid):
        await search(database, Role.STAFF, "anna", cursor="xx")


async def test_preferences_are_those_at_the_beginning_until_they_are_set(
    database: Database,
) -> None:
    """Version 0 is what the first change names; nobody reads another's."""
    me = an_id()
    asked = asked_by(a_principal(me))
    async with asking(database, asked) as connection:
        first = await own_preferences(connection, GetPreferences(), asked)
    assert (first.version, first.marketing_consent, first.quiet_hours) == (0, False, None)
    stored = a(
        UserPreferences,
        user_id=me,
        channels={"push": True},
        quiet_hours={"from": "23:00", "to": "08:00"},
        marketing_consent_at=NOON,
        accessibility={"large_text": True},
        version=4,
    )
    await store(database, stored, a(UserPreferences))
    async with asking(database, asked) as connection:
        second = await own_preferences(connection, GetPreferences(), asked)
    assert second.quiet_hours is not None
    assert (second.version, second.channels, second.quiet_hours.from_) == (
        4,
        {"push": True},
        "23:00",
    )
    assert second.marketing_consent_at == NOON
