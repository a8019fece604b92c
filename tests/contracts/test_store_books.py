"""Numbers, hashes and balances are the flush's to give: gapless, chained, and right to the unit."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from protocol.chains import canonical_journal, canonical_json, first_broken, row_fields
from protocol.entries import Entry
from protocol.records.ledger import (
    LedgerAccount,
    LedgerJournal,
    LedgerPosting,
    ledger_account_id,
)
from protocol.records.money import Receipt
from protocol.records.platform import AuditEntry
from protocol.records.safety import IncidentEvent, SafetyLog
from storage.write_behind.store import StoreRefused
from tests.contracts.database_places import Opens, Rows, an_entry, place_of
from tests.storage.samples import NOON, a, an_id

VENUES = (an_id(), an_id())
PATRONS = (an_id(), an_id(), an_id())


@pytest.fixture(params=["postgres", "copying", "memory"])
def place(request: pytest.FixtureRequest) -> Opens:
    """The real store and its twin."""
    url = request.getfixturevalue("postgres_url") if request.param != "memory" else None
    return place_of(request.param, url)


def postings_of(journal: LedgerJournal, amounts: dict[str, int]) -> list[LedgerPosting]:
    return [
        a(
            LedgerPosting,
            journal_id=journal.id,
            venue_id=journal.venue_id,
            line=line,
            account_id=ledger_account_id(code, "JPY"),
            account_code=code,
            amount_minor=amount,
            currency="JPY",
        )
        for line, (code, amount) in enumerate(amounts.items(), 1)
    ]


def a_top_up(venue: UUID, patron: UUID, amount: int) -> Entry:
    journal = a(LedgerJournal, venue_id=venue, memo="cash", memo_salt=bytes(16))
    till = f"venue:{venue}:till:{venue}"
    lines = postings_of(journal, {till: -amount, f"user:{patron}:paid": amount})
    receipt = a(Receipt, venue_id=venue, journal_id=journal.id, body={"total": amount})
    return an_entry(journal, *lines, receipt)


def a_sale(venue: UUID, patron: UUID, amount: int) -> Entry:
    journal = a(LedgerJournal, venue_id=venue)
    amounts = {
        f"user:{patron}:paid": -amount,
        f"venue:{venue}:revenue:food": amount - amount // 11,
        f"venue:{venue}:tax": amount // 11,
    }
    return an_entry(journal, *postings_of(journal, amounts))


def a_note(venue: UUID, incident: UUID, line: int) -> Entry:
    return an_entry(
        a(SafetyLog, venue_id=venue, notes="loud", notes_salt=bytes(16), signs=("a", "b")),
        a(AuditEntry, venue_id=None if line % 2 else venue, before={"n": 1.5, "z": [None, "é"]}),
        a(IncidentEvent, venue_id=venue, incident_id=incident, seq=line, detail={"n": 10**15}),
    )


def chain(rows: Iterable[Any], without: tuple[str, ...]) -> list[tuple[bytes, bytes, bytes]]:
    ordered = sorted(rows, key=lambda row: row.seq)
    assert [row.seq for row in ordered] == list(range(1, len(ordered) + 1))
    return [
        (row.prev_hash, row.hash, canonical_json(row_fields(row, without=without)))
        for row in ordered
    ]


async def assert_chained(rows: Rows, record: type[Any], by: str, without: tuple[str, ...]) -> None:
    """Each chain of a table is gapless from 1 and unbroken, as it is stored."""
    by_owner: dict[Any, list[Any]] = defaultdict(list)
    for row in await rows.find(record):
        by_owner[getattr(row, by)].append(row)
    assert len(by_owner) > 1
    for found in by_owner.values():
        assert first_broken(chain(found, without)) == -1


async def test_numbers_and_hashes_have_no_gap_over_batches(place: Opens) -> None:
    """Whoever audits the night reads the rows only, and must see that none is missing."""
    random_ = random.Random(7)
    incidents = (an_id(), an_id())
    entries = [a_top_up(VENUES[n % 2], PATRONS[n % 3], 10_000 + n) for n in range(6)]
    entries += [a_sale(VENUES[n % 2], PATRONS[n % 3], 300 + n) for n in range(20)]
    entries += [a_note(VENUES[n % 2], incidents[n % 2], n // 2 + 1) for n in range(12)]
    async with place() as rows:
        while entries:
            size = random_.randint(1, 7)
            batch, entries = entries[:size], entries[size:]
            await rows.flush(*batch)
        await assert_chained(rows, SafetyLog, "venue_id", ("notes", "notes_salt"))
        await assert_chained(rows, AuditEntry, "venue_id", ("before", "after", "detail_salt"))
        await assert_chained(rows, IncidentEvent, "incident_id", ("detail", "detail_salt"))
        postings = await rows.find(LedgerPosting)
        journals = {journal.id: journal for journal in await rows.find(LedgerJournal)}
        for venue in VENUES:
            mine = sorted((j for j in journals.values() if j.venue_id == venue), key=_seq)
            assert [j.seq for j in mine] == list(range(1, 14))
            links = [
                (
                    j.prev_hash,
                    j.hash,
                    canonical_journal(j, [p for p in postings if p.journal_id == j.id]),
                )
                for j in mine
            ]
            assert first_broken(links) == -1
        receipts = await rows.find(Receipt)
        assert sorted(r.number for r in receipts) == [1, 1, 2, 2, 3, 3]
        assert all(r.journal_hash == journals[r.journal_id].hash for r in receipts)


def _seq(row: Any) -> int:
    assert isinstance(row.seq, int)
    return row.seq


async def test_a_receipt_names_the_hash_of_a_journal_flushed_earlier(place: Opens) -> None:
    """The receipt of a visit is printed after the purchase was booked; a free one names none."""
    booked = a_top_up(VENUES[0], PATRONS[0], 500)
    (journal,) = (row for row in booked.appends if isinstance(row, LedgerJournal))
    later = a(Receipt, venue_id=VENUES[0], journal_id=journal.id)
    free = a(Receipt, venue_id=VENUES[0], journal_id=None)
    async with place() as rows:
        await rows.flush(booked)
        await rows.flush(an_entry(later, free))
        (stored,) = await rows.find(LedgerJournal)
        found = {r.id: (r.number, r.journal_hash) for r in await rows.find(Receipt)}
        assert found[later.id] == (2, stored.hash)
        assert found[free.id] == (3, None)


async def test_balances_are_the_sums_of_postings(place: Opens) -> None:
    """Many actors add to one account, so it is added to in the flush; L2 and L3 must hold there."""
    random_ = random.Random(3)
    entries = [a_top_up(VENUES[0], patron, 50_000) for patron in PATRONS]
    entries += [
        a_sale(random_.choice(VENUES), random_.choice(PATRONS), random_.randint(1, 900))
        for _ in range(30)
    ]
    async with place() as rows:
        for at in range(0, len(entries), 5):
            await rows.flush(*entries[at : at + 5])
        sums: dict[str, list[int]] = defaultdict(list)
        after: dict[str, set[int]] = defaultdict(set)
        given = [p for entry in entries for p in entry.appends if isinstance(p, LedgerPosting)]
        stored = {p.id: p for p in await rows.find(LedgerPosting)}
        for posting in given:
            sums[posting.account_code].append(posting.amount_minor)
            running = sum(sums[posting.account_code])
            assert stored[posting.id].balance_after_minor == running
            after[posting.account_code].add(running)
        accounts = {one.code: one for one in await rows.find(LedgerAccount)}
        assert {code: one.balance_minor for code, one in accounts.items()} == {
            code: sum(amounts) for code, amounts in sums.items()
        }
        assert {code: one.seq for code, one in accounts.items()} == {
            code: len(amounts) for code, amounts in sums.items()
        }
        assert all(one.version == one.seq + 1 for one in accounts.values())
        assert sum(one.balance_minor for one in accounts.values()) == 0


async def test_books_that_can_not_be_true_are_refused_whole(place: Opens) -> None:
    """A journal out of balance, an overdrawn wallet, an account nobody knows: none of it stays."""
    venue, patron = VENUES[0], PATRONS[0]
    lame = a(LedgerJournal, venue_id=venue)
    wrong = (
        an_entry(lame, *postings_of(lame, {f"user:{patron}:paid": 10, f"venue:{venue}:tax": -9})),
        a_sale(venue, patron, 1_001),
        an_entry(lame, *postings_of(lame, {"user:nobody": 10, f"venue:{venue}:tax": -10})),
    )
    async with place() as rows:
        await rows.flush(a_top_up(venue, patron, 1_000))
        for entry in wrong:
            with pytest.raises(StoreRefused):
                await rows.flush(entry)
        for entry in wrong:
            (source,) = rows.sources(entry)
            refused = await rows.store.apply_refusing(source, rows.at)
            assert [row.row[0] for row in refused] == ["ledger_journals"]
            rows.at += 1
        await rows.flush(a_sale(venue, patron, 1_000))
        assert {j.seq for j in await rows.find(LedgerJournal)} == {1, 2}
        accounts = {one.code: one.balance_minor for one in await rows.find(LedgerAccount)}
        assert accounts[f"user:{patron}:paid"] == 0
        assert (await rows.find(LedgerJournal))[0].posted_at == NOON
