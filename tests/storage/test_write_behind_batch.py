"""Many entries at once do to the database what they do one by one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.addresses import Position
from protocol.entries import Entry, decode_rows, encode_entry
from protocol.records.base import Record
from protocol.records.inventory import Game
from protocol.records.runtime import DutyPlace, OpenVisit
from storage.write_behind.batch import Batch, Source, VersionSkipped, batch_of, parts_of
from tests.contracts.database_places import a_message, an_entry
from tests.contracts.test_store_books import PATRONS, VENUES, a_top_up
from tests.storage.samples import a

JOURNAL = UUID(int=9)
IDS = [UUID(int=n) for n in range(1, 4)]
Rows = dict[tuple[Any, ...], Record]
Steps = list[tuple[str, UUID]]


def sources_of(entries: Sequence[Entry], after: int = 0) -> list[Source]:
    return [
        Source(Position(JOURNAL, n), b"", decode_rows(encode_entry(entry)))
        for n, entry in enumerate(entries, after + 1)
    ]


def applied(rows: Rows, batch: Batch) -> Rows:
    """What a database holds after a batch: removes, then updates, then inserts."""
    rows = dict(rows)
    for keys in batch.removes.values():
        for key in keys:
            rows.pop(key, None)
    for changed in batch.updates.values():
        for record, stored in changed:
            before: Any = rows[record.primary_key]
            assert before.version == stored
            rows[record.primary_key] = record
    for records in batch.inserts.values():
        for record in records:
            assert record.primary_key not in rows
            rows[record.primary_key] = record
    return rows


def entries_of(steps: Steps, there: Rows) -> list[Entry]:
    """Entries in which each step changes one row: put it or its next version, or take it away."""
    now = dict(there)
    entries = []
    for what, id_ in steps:
        known: Any = now.get((id_,))
        if what == "put":
            row = a(OpenVisit, user_id=id_) if known is None else known.revised(hold_id=id_)
            now[id_,] = row
            entries.append(an_entry(row))
        elif known is not None:
            del now[id_,]
            entries.append(an_entry(removes=(("open_visits", (id_,)),)))
    return entries


@given(
    before=st.sets(st.sampled_from(IDS)),
    steps=st.lists(st.tuples(st.sampled_from(["put", "gone"]), st.sampled_from(IDS)), min_size=1),
    cuts=st.sets(st.integers(1, 30)),
)
@settings(deadline=None)
def test_a_batch_is_the_fold_of_its_entries(
    before: set[UUID], steps: Steps, cuts: set[int]
) -> None:
    """Wherever batches end, rows come out the same; else a slow night would be another night."""
    there: Rows = {(id_,): a(OpenVisit, user_id=id_, version=3) for id_ in before}
    sources = sources_of(entries_of(steps, there))
    one_by_one, in_batches = dict(there), dict(there)
    for source in sources:
        one_by_one = applied(one_by_one, batch_of([source], Position(JOURNAL, 0)))
    edges = [0, *sorted(cut for cut in cuts if cut < len(sources)), len(sources)]
    for start, end in itertools.pairwise(edges):
        if part := sources[start:end]:
            batch = batch_of(part, Position(JOURNAL, start))
            assert (batch.after, batch.up_to) == (start, end)
            assert batch.row_count <= 2 * len(IDS)
            in_batches = applied(in_batches, batch)
    assert in_batches == one_by_one


@given(
    sent=st.integers(1, 6), caused=st.lists(st.integers(0, 7), unique=True), cut=st.integers(0, 12)
)
@settings(deadline=None)
def test_what_is_pending_is_what_was_sent_and_not_caused(
    sent: int, caused: list[int], cut: int
) -> None:
    """Wherever batches end, no message is handled twice and none is forgotten."""
    messages = [a_message() for _ in range(sent)]
    handled = [messages[n] for n in caused if n < sent]
    entries = [an_entry(sends=(message,)) for message in messages]
    entries += [an_entry(cause=message.id) for message in handled]
    sources = sources_of(entries)
    pending: set[UUID] = set()
    for part in (sources[:cut], sources[cut:]):
        if part:
            batch = batch_of(part, Position(JOURNAL, 0))
            pending = (pending - set(batch.caused)) | set(batch.sends)
    assert pending == {m.id for m in messages} - {m.id for m in handled}


def test_a_version_left_out_within_a_batch_is_named() -> None:
    """A change that is not there was lost between an actor and its journal."""
    game = a(Game)
    entries = [an_entry(game), an_entry(game.evolve(version=3))]
    with pytest.raises(VersionSkipped, match="version 3 follows 1") as caught:
        batch_of(sources_of(entries), Position(JOURNAL, 0))
    assert caught.value.row == ("games", (game.id,))


def test_an_entry_falls_into_what_can_be_refused_alone() -> None:
    """Each row stands for itself, but a journal is true only with its lines."""
    booked = a_top_up(VENUES[0], PATRONS[0], 10)
    game, gone, cause = a(Game), a(Game), a_message()
    (source,) = sources_of(
        [
            an_entry(
                *booked.appends,
                game,
                removes=(("games", gone.primary_key),),
                cause=cause.id,
                sends=(a_message(),),
            )
        ]
    )
    parts = list(parts_of(source))
    assert [row and row[0] for row, _ in parts] == [
        "games",
        "games",
        "ledger_journals",
        "receipts",
        None,
    ]
    assert [part.row_count for _, part in parts] == [1, 1, 3, 1, 0]
    assert [part.caused for _, part in parts] == [[], [], [], [], [cause.id]]
    assert all(part.up_to == 1 for _, part in parts)


def test_one_on_duty_elsewhere_before_it_is_heard_that_they_left_is_two_rows() -> None:
    """Two venues write about one person, in whatever order their words come."""
    here, there = (a(DutyPlace, staff_id=IDS[0], venue_id=id_) for id_ in IDS[1:])
    stored = {here.primary_key: here}
    entries = [an_entry(there), an_entry(removes=(("duty_places", here.primary_key),))]
    for order in (entries, entries[::-1]):
        batch = batch_of(sources_of(order), Position(JOURNAL, 0))
        assert applied(stored, batch) == {there.primary_key: there}
