"""The demo fixture: what clients and tests rely on, and that actors load it like anything else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import trio

from actors.account.behaviour import ACCOUNT
from actors.identity.behaviour import IDENTITY
from actors.platform.behaviour import PLATFORM as PLATFORM_BEHAVIOUR
from actors.rules.profile import VenueProfile
from actors.runtime.behaviour import Behaviour
from actors.runtime.state import State
from actors.venue.behaviour import VENUE
from lastlight.demo.fixture import demo_entries, demo_people
from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import PLATFORM, ActorKind, Address, identity_of
from protocol.entries import Entry, decode_entry, encode_entry
from protocol.events import EVENTS
from protocol.folding import RoomView
from protocol.journal import Urgency
from protocol.limits import ENTRY_BYTES_MAX
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem
from protocol.records.ledger import BusinessDay, LedgerPosting
from protocol.records.money import CreditGrant, Credits
from protocol.records.payments import CreditPackage
from protocol.records.platform import ActorTimer
from protocol.records.runtime import Identity
from protocol.records.users import AgeVerification, User, UserRole
from storage.write_behind.write_behind import open_write_behind
from tests.twins.journal import open_memory_journal
from tests.twins.nodes import World

NOW = datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC)
ENTRIES = demo_entries(NOW, "$2b$12$hash")
BEHAVIOURS: dict[ActorKind, Behaviour] = {
    ActorKind.VENUE: VENUE,
    ActorKind.ACCOUNT: ACCOUNT,
    ActorKind.IDENTITY: IDENTITY,
    ActorKind.PLATFORM: PLATFORM_BEHAVIOUR,
}


def rows(kind: type[Record]) -> list[Any]:
    """All rows of one class."""
    return [
        row for entry in ENTRIES for row in (*entry.changes, *entry.appends) if type(row) is kind
    ]


def test_the_venue_is_the_one_that_clients_know() -> None:
    """Fixed in the design: acceptance tests check in at this very place."""
    (entry,) = (e for e in ENTRIES if e.actor.kind is ActorKind.VENUE)
    venue: Any = entry.changes[0]
    assert venue.id == UUID("00000000-0000-7000-8000-000000000001") == DEMO_VENUE
    assert (venue.name, venue.tz, venue.currency) == ("Last Light Shibuya", "Asia/Tokyo", "JPY")
    assert (venue.lat, venue.lon, venue.radius_m, venue.capacity) == (35.6595, 139.7005, 150, 600)
    assert venue.hours == {"always_open": True}


def test_it_has_the_games_rooms_and_menu_of_the_design() -> None:
    """12 games, 6 rooms, 20 items of which 6 are alcoholic, all in stock."""
    assert (len(rows(Game)), len(rows(KaraokeRoom)), len(rows(MenuItem))) == (12, 6, 20)
    alcoholic = [item for item in rows(MenuItem) if item.alcoholic]
    assert len(alcoholic) == 6
    assert all(item.standard_drinks_milli > 500 for item in alcoholic)
    assert {level.item_id for level in rows(InventoryLevel)} == {i.id for i in rows(MenuItem)}
    assert rows(CreditPackage)


def test_everybody_is_there_with_one_password() -> None:
    """Owner, manager, five of staff and 500 patrons, each with an address to sign in with."""
    people = demo_people()
    assert Counter(person.role.value for person in people) == {
        "owner": 1, "management": 1, "staff": 5, "patron": 500,
    }  # fmt: skip
    assert {i.email: i.user_id for i in rows(Identity)} == {u.email: u.id for u in rows(User)}
    emails = {user.email for user in rows(User)}
    assert {"owner@lastlight.example", "staff5@lastlight.example"} <= emails
    assert {"patron1@lastlight.example", "patron500@lastlight.example"} <= emails
    assert {user.password_hash for user in rows(User)} == {"$2b$12$hash"}


def test_patrons_are_of_age_and_have_their_credit() -> None:
    """100,000 paid, told the same by wallet, lot and books (L4); the trial balance is 0 (L6)."""
    patrons = {user.id for user in rows(User) if user.age_verified_at is not None}
    assert len(patrons) == 500
    assert {seen.user_id for seen in rows(AgeVerification)} == patrons
    assert {wallet.user_id: wallet.paid_minor for wallet in rows(Credits)} == dict.fromkeys(
        patrons, 100_000
    )
    assert {lot.user_id: lot.remaining_minor for lot in rows(CreditGrant)} == dict.fromkeys(
        patrons, 100_000
    )
    sums: Counter[str] = Counter()
    for posting in rows(LedgerPosting):
        sums[posting.account_code] += posting.amount_minor
    assert sums.pop("platform:stripe_clearing") == -50_000_000
    assert set(sums.values()) == {100_000}


def test_roles_and_their_copies_agree() -> None:
    """Tokens carry the account's copy, decisions are the venue's: they must say the same."""
    copies = {
        (user.id, None if where == "*" else UUID(where), role)
        for user in rows(User)
        for where, role in user.role_grants.items()
    }
    assert copies == {(role.user_id, role.venue_id, role.role) for role in rows(UserRole)}
    assert len(copies) == 7


def test_ids_are_fixed_and_unique_and_of_the_form_of_uuidv7() -> None:
    """Two nodes with the demo agree on every id, and the codec takes them."""
    again = demo_entries(NOW.replace(year=2027), "$2b$12$other")
    keys = [(type(row), row.primary_key) for e in ENTRIES for row in (*e.changes, *e.appends)]
    assert len(keys) == len(set(keys))
    # The day on which it opens, and the timer of that day, are named by it.
    dated = (BusinessDay, ActorTimer)
    assert [key for key in keys if key[0] not in dated] == [
        (type(row), row.primary_key)
        for e in again
        for row in (*e.changes, *e.appends)
        if type(row) not in dated
    ]
    for user in rows(User):
        assert (user.id.version, user.id.variant) == (7, "specified in RFC 4122")


def test_entries_go_through_the_journal_unchanged() -> None:
    """Whole milliseconds, first versions, and small enough."""
    for entry in ENTRIES:
        data = encode_entry(entry)
        assert len(data) <= ENTRY_BYTES_MAX
        assert decode_entry(data) == entry
        assert all(getattr(row, "version", 1) == 1 for row in entry.changes)
        assert entry.at.microsecond % 1000 == 0


def loaded_as(entry: Entry) -> Behaviour:
    """The kind of actor that owns an entry."""
    return BEHAVIOURS[entry.actor.kind]


@pytest.mark.parametrize(
    "address",
    [
        Address(ActorKind.VENUE, DEMO_VENUE),
        PLATFORM,
        identity_of("patron500@lastlight.example"),
        Address(ActorKind.ACCOUNT, demo_people()[-1].user_id),
    ],
)
async def test_an_actor_loads_exactly_what_its_entry_says(address: Address) -> None:
    """Owners and loaders agree: a row that nobody loads would be lost to its decisions."""
    world = World()
    (own,) = (entry for entry in ENTRIES if entry.actor == address)
    async with (
        open_memory_journal(world.disk, clock=world.clock, hooks=None) as journal,
        open_write_behind(journal, world.database) as write_behind,
    ):
        for entry in ENTRIES:
            position = journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
        with trio.fail_after(30):
            await write_behind.wait_flushed(position)
    behaviour = loaded_as(own)
    state: State = behaviour.state(address)
    for row in (await world.database.load(address, behaviour.reads)).records:
        state.put(row)
    assert {(type(r), r.primary_key) for r in state} == {
        (type(r), r.primary_key) for r in own.changes
    }
    if address.kind is ActorKind.VENUE:
        assert isinstance(behaviour.share(state), VenueProfile)
    assert behaviour.masked(state)


def test_rooms_stand_where_the_founded_rows_do() -> None:
    """A room is what its events say: patrons see their wallet, staff what there is, from the
    start."""
    views: dict[str, RoomView] = {}
    seqs: Counter[str] = Counter()
    for entry in ENTRIES:
        for event in decode_entry(encode_entry(entry)).events:
            assert EVENTS[event.type].durable
            for room, seq in event.rooms:
                seqs[room] += 1
                assert seq == seqs[room]
                views[room] = views.get(room, RoomView()).after(event, room)
    wallets = {str(row.user_id) for row in rows(Credits)}
    assert {room for room in views if room.startswith("user:")} == {f"user:{w}" for w in wallets}
    for room in (room for room in views if room.startswith("user:")):
        assert views[room].shown["wallet"]["available_minor"] == 100_000
    staff = views[f"venue:{DEMO_VENUE}:staff"].shown
    assert (len(staff["items"]), len(staff["rooms"]), len(staff["games"])) == (20, 6, 12)
    for audience in ("patrons", "staff", "management", "owner"):
        assert views[f"venue:{DEMO_VENUE}:{audience}"].shown["venue"]["status"] == "open"
