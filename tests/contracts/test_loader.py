"""What actors and the node start from, on PostgreSQL or in memory."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.limits import IDEMPOTENCY_ANSWER_KEEP_S
from protocol.reads import Above, Among, Read, Since
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel
from protocol.records.ledger import Till
from protocol.records.money import CreditGrant
from protocol.records.money_states import GameStatus, IdempotencyStatus
from protocol.records.platform import ActorTimer, IdempotencyKey
from protocol.records.safety import Incident
from protocol.records.venues import Venue, VenueSetting
from protocol.records.visits import SessionHistory
from tests.contracts.database_places import Opens, Rows, a_message, an_entry, minutes, place_of
from tests.contracts.test_store import an_event
from tests.storage.samples import NOON, a, an_id

VENUE = Address(ActorKind.VENUE, an_id())
ELSEWHERE = an_id()


@pytest.fixture(params=["postgres", "memory"])
def place(request: pytest.FixtureRequest) -> Opens:
    """The real loader and its twin."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return place_of(request.param, url)


async def found_by(rows: Rows, read: Read, address: Address = VENUE) -> set[Any]:
    """Keys of what one read finds."""
    loaded = await rows.loader.load(address, (read,))
    return {row.primary_key for row in loaded.records}


def keys(*records: Record) -> set[Any]:
    return {row.primary_key for row in records}


async def test_an_actor_finds_its_own_rows_whole_and_no_others(place: Opens) -> None:
    """What is loaded is what was decided; a neighbour's row would be decided on by two."""
    mine, theirs = a(Game, venue_id=VENUE.id, fault="é"), a(Game, venue_id=ELSEWHERE)
    level = a(InventoryLevel, venue_id=VENUE.id, unit="ml")
    reads = (Read(Game, by="venue_id"), Read(InventoryLevel, by="venue_id"))
    async with place() as rows:
        await rows.put(mine, theirs, level)
        loaded = await rows.loader.load(VENUE, reads)
        assert sorted(loaded.records, key=str) == sorted((mine, level), key=str)
        empty = await rows.loader.load(Address(ActorKind.VENUE, an_id()), reads)
        assert empty.records == ()


async def test_rows_that_name_no_owner_are_read_by_their_condition_alone(place: Opens) -> None:
    """The platform's settings have no venue; its venues are all there are."""
    ours, theirs = a(Game, venue_id=VENUE.id), a(Game, venue_id=ELSEWHERE)
    async with place() as rows:
        await rows.put(ours, theirs)
        assert await found_by(rows, Read(Game, by=None), PLATFORM) == keys(ours, theirs)


async def test_a_column_is_among_values_of_any_type_or_null(place: Opens) -> None:
    """Open rows are loaded, ended ones are not: words, nulls, numbers, truths and ids."""
    broken = a(Game, venue_id=VENUE.id, status=GameStatus.OUT_OF_ORDER, plays=3)
    ready = a(Game, venue_id=VENUE.id, status=GameStatus.AVAILABLE, fault="stuck", plays=4)
    async with place() as rows:
        await rows.put(broken, ready)
        for condition, expected in (
            (Among("status", (GameStatus.AVAILABLE,)), keys(ready)),
            (Among("status", tuple(GameStatus)), keys(broken, ready)),
            (Among("status", ()), set()),
            (Among("fault", (None,)), keys(broken)),
            (Among("fault", ("stuck",)), keys(ready)),
            (Among("fault", (None, "stuck")), keys(broken, ready)),
            (Among("plays", (3, 5)), keys(broken)),
            (Among("id", (ready.id,)), keys(ready)),
        ):
            assert await found_by(rows, Read(Game, "venue_id", (condition,))) == expected
        assert (
            await found_by(rows, Read(Incident, "venue_id", (Among("silent", (True,)),))) == set()
        )


async def test_a_column_is_above_a_bound_or_since_a_time(place: Opens) -> None:
    """Spent lots and old visits stay in the database; what has no end is always loaded."""
    spent, left = (a(CreditGrant, user_id=VENUE.id, remaining_minor=n) for n in (0, 1))
    old, new = (
        a(
            SessionHistory,
            venue_id=VENUE.id,
            status="closed",
            started_at=NOON - minutes(90),
            ended_at=NOON - minutes(ago),
        )
        for ago in (60, 59.99)
    )
    ended, current = (
        a(VenueSetting, venue_id=VENUE.id, superseded_at=at) for at in (NOON - minutes(61), None)
    )
    recent = Since("ended_at", 3600)
    async with place() as rows:
        await rows.put(spent, left, old, new, ended, current)
        read = Read(CreditGrant, "user_id", (Above("remaining_minor", 0),))
        assert await found_by(rows, read) == keys(left)
        assert await found_by(rows, Read(SessionHistory, "venue_id", (recent,))) == keys(new)
        read = Read(VenueSetting, "venue_id", (Since("superseded_at", 3600),))
        assert await found_by(rows, read) == keys(current)
        both = (recent, Among("status", ("voided",)))
        assert await found_by(rows, Read(SessionHistory, "venue_id", both)) == set()


async def test_rows_and_position_are_of_one_moment(place: Opens) -> None:
    """Later entries are laid over from just where the rows end."""
    async with place() as rows:
        assert (await rows.loader.load(VENUE, ())).flushed == 0
        await rows.flush(an_entry(), an_entry(events=(an_event(3, room="a"),)))
        assert (await rows.loader.load(VENUE, ())).flushed == 2
        assert [await rows.loader.room_seq(room) for room in ("a", "b")] == [3, 0]


def a_key(**values: Any) -> Any:
    given = {
        "actor_type": VENUE.kind,
        "actor_id": VENUE.id,
        "status": IdempotencyStatus.DONE,
        "http_status": 201,
        "response": {"body": {"n": 1}},
        "created_at": NOON - minutes(1),
        "expires_at": NOON + minutes(1),
    }
    return a(IdempotencyKey, **{**given, **values})


async def test_keys_are_loaded_while_they_live_and_answers_while_they_are_likely(
    place: Opens,
) -> None:
    """A key of six days ago is still refused or answered, but its answer is not held in memory."""
    fresh = a_key()
    aged = a_key(created_at=NOON - minutes(IDEMPOTENCY_ANSWER_KEEP_S / 60 + 1))
    begun = a_key(status=IdempotencyStatus.IN_PROGRESS, http_status=None, response=None)
    over = a_key(expires_at=NOON)
    other = a_key(actor_id=an_id())
    async with place() as rows:
        await rows.put(fresh, aged, begun, over, other)
        loaded = await rows.loader.load(VENUE, ())
        assert sorted(loaded.records, key=str) == sorted(
            (fresh, aged.evolve(response=None), begun), key=str
        )
        assert await rows.loader.answer(aged.primary_key) == {"body": {"n": 1}}
        assert await rows.loader.answer(begun.primary_key) is None
        assert await rows.loader.answer(("venue", an_id(), an_id(), "GET", "/", "k")) is None


async def test_timers_are_paged_in_the_order_they_are_due(place: Opens) -> None:
    """Nothing that is due is skipped at the edge of a page, however many are due at once."""
    same = [
        a(ActorTimer, actor_type=kind, actor_id=an_id(), name=name, due_at=NOON)
        for kind in (ActorKind.SESSION, ActorKind.ACCOUNT)
        for name in ("b", "a", "Z")
    ]
    mine = a(ActorTimer, actor_type=VENUE.kind, actor_id=VENUE.id, due_at=NOON - minutes(9))
    fired = a(ActorTimer, actor_type=VENUE.kind, actor_id=VENUE.id, due_at=NOON, fired_at=NOON)
    late = a(ActorTimer, actor_type=VENUE.kind, due_at=NOON + minutes(2))
    async with place() as rows:
        await rows.put(*same, mine, fired, late)
        paged: list[ActorTimer] = []
        while page := await rows.loader.timers(NOON + minutes(1), paged[-1] if paged else None, 2):
            paged += page
        wanted = sorted(same, key=lambda t: (t.actor_type.value, t.actor_id, t.name))
        assert paged == [mine, *wanted]
        loaded = await rows.loader.load(VENUE, ())
        assert {t.primary_key for t in loaded.records} == keys(mine, fired)


async def test_the_node_starts_with_every_venue_that_is_there(place: Opens) -> None:
    """A venue that does not load at start would have its emergencies go unheard."""
    venues = [a(Venue, id=an_id(), status="open", radius_m=150) for _ in range(2)]
    gone = a(Venue, status="suspended", radius_m=150, deleted_at=NOON)
    async with place() as rows:
        assert await rows.loader.residents() == [PLATFORM]
        await rows.put(*venues, gone)
        assert await rows.loader.residents() == [
            PLATFORM,
            *(Address(ActorKind.VENUE, venue.id) for venue in venues),
        ]


async def test_a_child_names_its_owner(place: Opens) -> None:
    """Paths name tills and incidents only; the actor that decides is found by the row."""
    till = a(Till, venue_id=VENUE.id, staff_id=an_id())
    incident = a(Incident, venue_id=VENUE.id)
    async with place() as rows:
        await rows.put(till, incident)
        assert await rows.loader.owner_of("tills", till.id) == (ActorKind.STAFF, till.staff_id)
        assert await rows.loader.owner_of("incidents", incident.id) == VENUE
        assert await rows.loader.owner_of("incidents", till.id) is None


async def test_pending_sends_come_back_in_journal_order(place: Opens) -> None:
    """They are handed out before the door opens, and a later one may rest on an earlier."""
    messages = [a_message() for _ in range(4)]
    async with place() as rows:
        await rows.flush(*(an_entry(sends=(message,)) for message in messages))
        assert await rows.loader.pending_sends() == (messages, 4)
