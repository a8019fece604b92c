"""What every store of the write-behind must keep, on PostgreSQL or in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from protocol.addresses import ActorKind, Address, Position
from protocol.entries import RoomEvent
from protocol.records.base import Record
from protocol.records.inventory import Game
from protocol.records.money import Credits
from protocol.records.platform import IdempotencyKey, OutboxEvent
from protocol.records.runtime import DeadLetter, OpenVisit
from protocol.records.states import RoleName
from protocol.records.visits import SessionHistory
from storage.write_behind.batch import VersionSkipped, batch_of
from storage.write_behind.store import FlushMoved, ForeignJournal, StoreRefused
from tests.contracts.database_places import Opens, a_message, an_entry, place_of
from tests.storage.samples import ALL_RECORDS, NOON, a, an_id

VENUE = an_id()
ROOM = f"venue:{VENUE}:staff"


@pytest.fixture(params=["postgres", "copying", "memory"])
def place(request: pytest.FixtureRequest) -> Opens:
    """The real store and its twin."""
    url = request.getfixturevalue("postgres_url") if request.param != "memory" else None
    return place_of(request.param, url)


def an_event(seq: int, room: str = ROOM, **values: Any) -> RoomEvent:
    return RoomEvent(
        id=an_id(),
        type="venue.status_changed",
        venue_id=VENUE,
        occurred_at=NOON,
        data={"to": "open", "n": seq},
        rooms=((room, seq),),
        **values,
    )


async def test_a_database_belongs_to_the_first_journal_that_claims_it(place: Opens) -> None:
    """Two nodes that write into one database would each overwrite what the other answered."""
    async with place() as rows:
        assert await rows.store.claim(rows.journal_id) == 0
        with pytest.raises(ForeignJournal):
            await rows.store.claim(an_id())
        await rows.put()
        assert await rows.store.claim(rows.journal_id) == 1


async def test_a_batch_is_taken_once(place: Opens) -> None:
    """After a lost answer the same entries come again; the position is what tells."""
    async with place() as rows:
        (source,) = rows.sources(an_entry(a(Game, venue_id=VENUE)))
        after = Position(rows.journal_id, 0)
        await rows.store.apply(batch_of([source], after))
        with pytest.raises(FlushMoved):
            await rows.store.apply(batch_of([source], after))
        with pytest.raises(FlushMoved):
            await rows.store.apply_refusing(source, 0)
        assert await rows.store.claim(rows.journal_id) == 1
        assert len(await rows.find(Game)) == 1


async def test_what_follows_one_another_in_a_batch_is_one_write(place: Opens) -> None:
    """Only the last of each row counts, and what came and went never was."""
    game, brief, kept = (a(Game, venue_id=VENUE) for _ in range(3))
    gone = (("games", brief.primary_key),)
    async with place() as rows:
        await rows.put(kept)
        await rows.flush(
            an_entry(game, brief, kept.revised(plays=1)),
            an_entry(game.revised(plays=7), kept.revised(plays=1).revised(plays=2)),
            an_entry(removes=gone),
        )
        found = {one.id: (one.plays, one.version) for one in await rows.find(Game)}
        assert found == {game.id: (7, 2), kept.id: (2, 3)}


async def test_what_is_added_and_taken_away_within_a_batch_was_never_there(place: Opens) -> None:
    """A dead letter that was sent again while the database was behind would be sent once more."""
    sent, left = a(DeadLetter), a(DeadLetter)
    gone = ((DeadLetter.table.name, sent.primary_key),)
    async with place() as rows:
        await rows.flush(an_entry(sent, left), an_entry(removes=gone))
        assert [one.message_id for one in await rows.find(DeadLetter)] == [left.message_id]


async def test_a_row_is_removed_and_made_anew_within_a_batch(place: Opens) -> None:
    """Somebody who leaves and comes back at once is here, with what is true now."""
    user = an_id()
    before, after = (a(OpenVisit, user_id=user, session_id=an_id()) for _ in range(2))
    gone = (("open_visits", (user,)),)
    async with place() as rows:
        await rows.put(before)
        await rows.flush(an_entry(removes=gone), an_entry(after))
        assert list(await rows.find(OpenVisit)) == [after]
        await rows.flush(an_entry(after.revised(opened_at=NOON)), an_entry(removes=gone))
        assert list(await rows.find(OpenVisit)) == []


async def test_a_visit_that_ends_moves_to_the_history(place: Opens) -> None:
    """A row of another table with the same id is another row."""
    past = a(SessionHistory, venue_id=VENUE, status="closed")
    async with place() as rows:
        await rows.flush(an_entry(), an_entry(past))
        assert list(await rows.find(SessionHistory)) == [past]


async def test_a_version_that_is_not_the_next_stops_everything(place: Opens) -> None:
    """A skipped version means that a change was lost: nothing may be written over it."""
    game, other = a(Game, venue_id=VENUE), a(Game, venue_id=VENUE)
    async with place() as rows:
        await rows.put(game)
        for wrong in (game.evolve(version=3), other.evolve(version=2)):
            with pytest.raises(VersionSkipped):
                await rows.put(wrong, *([] if wrong.id == other.id else [other]))
        with pytest.raises(StoreRefused):
            await rows.put(game)
        with pytest.raises(VersionSkipped):
            await rows.flush(an_entry(other), an_entry(other.evolve(version=3)))
        assert list(await rows.find(Game)) == [game]
        assert await rows.store.claim(rows.journal_id) == 1


def unique_cases() -> list[Any]:
    """Every unique key that is declared, but those whose numbers the flush gives."""
    return [
        pytest.param(record, unique, id=f"{record.table.name}-{'-'.join(unique.columns)}")
        for record in ALL_RECORDS
        for unique in record.table.unique
        if not set(unique.columns) & set(record.table.given_at_flush)
    ]


def twins_of(record: type[Record], unique: Any, outside: bool) -> tuple[Record, Record]:
    """Two rows that a key can't both have; `outside`: one of them does not count for it."""
    first = a(record, **_needed(record), **{column: vals[0] for column, vals in unique.where})
    if record.table.name == "ledger_accounts":
        first = first.evolve(code=f"user:{an_id()}:paid", user_id=an_id())
    values = {c: getattr(first, c) for c in unique.columns}
    values = {c: an_id() if v is None and c != "venue_id" else v for c, v in values.items()}
    for column, value in list(values.items()):
        hint = str(attrs.fields_dict(record)[column].type)  # type: ignore[arg-type]
        if isinstance(value, UUID) and hint.startswith("str"):
            values[column] = f"text {value}"
        if isinstance(value, UUID) and hint.startswith("int"):
            values[column] = 7
    first = first.evolve(**values)
    second = a(record, **_needed(record), **{c: v[0] for c, v in unique.where}).evolve(**values)
    if unique.lowered:
        (column,) = unique.columns
        second = second.evolve(**{column: str(values[column]).upper()})
    if outside:
        column, counted = unique.where[0]
        second = second.evolve(**{column: _not_among(record, column, counted)})
    return first, second


def _needed(record: type[Record]) -> dict[str, Any]:
    """What the checks of a table ask for besides."""
    number = an_id().int
    special: dict[str, dict[str, Any]] = {
        "users": {"email": f"{number}@lastlight.example"},
        "business_days": {
            "business_day": NOON.date() + timedelta(days=number % 9_000),
            "ends_at": NOON + timedelta(days=1),
        },
        "user_roles": {"role": RoleName.OWNER},
    }
    return special.get(record.table.name, {})


def _not_among(record: type[Record], column: str, counted: tuple[object, ...]) -> object:
    if counted == (None,):
        return NOON
    kind = type(counted[0])
    return next(one for one in kind if one not in counted)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("record", "unique"), unique_cases())
async def test_a_declared_unique_key_is_kept(
    place: Opens, record: type[Record], unique: Any
) -> None:
    """The alarm behind decisions, and the reason why the simulator finds what PostgreSQL would."""
    first, second = twins_of(record, unique, outside=False)
    async with place() as rows:
        with pytest.raises(StoreRefused):
            await rows.put(first, second)
        await rows.put(first)
        with pytest.raises(StoreRefused):
            await rows.put(second)
        assert len(await rows.find(record)) == 1
        if unique.where:
            first, second = twins_of(record, unique, outside=True)
            await rows.put(first, second)


async def test_a_key_may_change_hands_within_a_batch(place: Opens) -> None:
    """Keys are looked at when a batch ends: who moves first is no matter."""
    mine, yours = (a(Game, venue_id=VENUE, asset_tag=tag) for tag in ("one", "two"))
    async with place() as rows:
        await rows.put(mine, yours)
        await rows.put(mine.revised(asset_tag="two"), yours.revised(asset_tag="one"))
        assert {one.asset_tag for one in await rows.find(Game)} == {"one", "two"}


async def test_a_refused_row_is_kept_aside_and_the_rest_is_flushed(place: Opens) -> None:
    """One bad row must not hold up a night: it is put where a person finds it with its entry."""
    good, sent = a(Game, venue_id=VENUE), a_message()
    bad = a(Credits, paid_minor=-1)
    actor = Address(ActorKind.ACCOUNT, an_id())
    async with place() as rows:
        if rows.database is None:
            rows.store.refuses = lambda row: row == bad  # type: ignore[union-attr]
        pending, stale = a_message(), a(Game, venue_id=VENUE, version=4)
        await rows.put(sends=(pending,))
        (source,) = rows.sources(
            an_entry(
                bad,
                good,
                stale,
                actor=actor,
                cause=pending.id,
                events=(an_event(1),),
                sends=(sent,),
            )
        )
        with pytest.raises((StoreRefused, VersionSkipped)):
            await rows.store.apply(batch_of([source], Position(rows.journal_id, rows.at)))
        refused = await rows.store.apply_refusing(source, rows.at)
        assert [row.row for row in refused] == [
            ("credits", bad.primary_key),
            ("games", stale.primary_key),
        ]
        assert list(await rows.find(Game)) == [good]
        assert list(await rows.find(Credits)) == []
        assert [event.seq for event in await rows.find(OutboxEvent)] == [1]
        assert await rows.store.refused_actors() == {str(actor)}
        assert await rows.store.claim(rows.journal_id) == 2
        assert await rows.loader.room_seq(ROOM) == 1
        assert await rows.loader.pending_sends() == ([sent], 2)


async def test_events_are_written_once_per_room_and_move_its_cursor(place: Opens) -> None:
    """A client that resumes finds each event in each room, and a new one begins after it."""
    both = attrs.evolve(an_event(2), rooms=((ROOM, 2), ("owner", 1)), hide_from=an_id())
    async with place() as rows:
        await rows.flush(an_entry(events=(an_event(1),)), an_entry(events=(both,)))
        found = {(e.room, e.seq): e for e in await rows.find(OutboxEvent)}
        assert set(found) == {(ROOM, 1), (ROOM, 2), ("owner", 1)}
        assert found["owner", 1].id == found[ROOM, 2].id == both.id
        assert found["owner", 1].payload == both.data
        assert found["owner", 1].hide_from == both.hide_from
        assert await rows.loader.room_seq(ROOM) == 2
        await rows.put(events=(an_event(3),))
        assert await rows.loader.room_seq(ROOM) == 3


async def test_a_send_is_pending_until_what_it_caused_is_flushed(place: Opens) -> None:
    """What was sent and not handled outlives the journal; what was handled must not come again."""
    first, second, brief = a_message(), a_message(), a_message()
    async with place() as rows:
        await rows.flush(
            an_entry(sends=(first,)),
            an_entry(sends=(second, brief)),
            an_entry(cause=brief.id),
        )
        assert await rows.loader.pending_sends() == ([first, second], 3)
        await rows.put(cause=first.id)
        assert await rows.loader.pending_sends() == ([second], 4)


async def test_idempotency_keys_whose_time_is_over_give_way_to_new_ones(place: Opens) -> None:
    """One of the same name would be refused, and the table would grow for ever (Rule 12)."""
    week = timedelta(days=7)
    first = a(IdempotencyKey, created_at=NOON, expires_at=NOON + week, version=1)
    other = first.evolve(key="other")
    living = first.evolve(key="living", expires_at=NOON + 2 * week)
    later = NOON + week
    again = first.evolve(created_at=later, expires_at=later + week)
    async with place() as rows:
        await rows.put(first, other, living)
        await rows.put(again)
        found = {row.key: row.created_at for row in await rows.find(IdempotencyKey)}
        assert found == {first.key: later, "living": NOON}
