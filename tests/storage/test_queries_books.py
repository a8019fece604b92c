"""The books from real tables: in ledger order, by each filter, with their proofs, and as CSV."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from protocol.errors import Code
from protocol.operations.ledger import ReadLedger
from protocol.records.ledger import (
    LedgerAccount,
    ledger_account_id,
)
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.paging import CursorInvalid, cursor_of
from storage.postgres.queries_ledger import (
    WhichVenue,
    account_balances,
    csv_ledger,
    is_seldom,
    ledger,
)
from tests.storage.money_world import (
    EVERYWHERE,
    HERE,
    MANAGER,
    OWNER,
    PATRON,
    PLACES,
    THERE,
    TODAY,
    YESTERDAY,
    a_journal,
    a_sale,
)
from tests.storage.query_world import asked_by, asking, store
from tests.storage.samples import a


async def booked(database: Database, who: Any = OWNER, **values: Any) -> Any:
    command = ReadLedger(**values)
    asked = asked_by(who, command.venue_id)
    async with asking(database, asked) as connection:
        return await ledger(connection, command, asked)


async def some_books(database: Database) -> list[Any]:
    """Six journals here and one there."""
    sale, day = a_sale(), a_sale(business_day=YESTERDAY)
    paid, tax = f"user:{PATRON.user_id}:paid", f"venue:{HERE}:tax"
    rows = [
        a_journal(sale, 1, (paid, -5), (tax, 5)),
        a_journal(day, 2, (paid, -6), (tax, 6), source="usage:s:1"),
        a_journal(sale, 3, (tax, 7), ("platform:transit", -7), source="usage:s:2"),
        a_journal(day, 4, (tax, 7), ("platform:transit", -7), source="usages"),
        a_journal(sale, 5, (paid, -8), (tax, 8), source="gift_out"),
    ]
    there = a_journal(a_sale(THERE), 1, (paid, -1), (f"venue:{THERE}:tax", 1))
    accounts = [
        a(
            LedgerAccount, id=ledger_account_id(code, "JPY"), code=code, kind=kind, currency="JPY",
            balance_minor=amount, venue_id=None, may_be_negative=True,
        )
        for code, kind, amount in ((paid, "paid", -33), (tax, "tax", 33))
    ]  # fmt: skip
    await store(database, *PLACES, *(row for rows_ in [*rows, there] for row in rows_), *accounts)
    return rows


def seqs(page: Any) -> list[int]:
    return [entry.seq for entry in page.items]


async def test_the_books_are_read_in_ledger_order_with_their_proofs(database: Database) -> None:
    """Journals with postings, the head of the chain, and a trial balance of zero (L6)."""
    await some_books(database)
    page = await booked(database, limit=2)
    assert seqs(page) == [1, 2]
    assert [(line.account, line.amount_minor) for line in page.items[0].postings] == [
        (f"user:{PATRON.user_id}:paid", -5), (f"venue:{HERE}:tax", 5),
    ]  # fmt: skip
    assert (page.head_seq, page.head_hash) == (5, "05" * 32)
    assert [(one.currency, one.balance_minor) for one in page.trial_balance] == [("JPY", 0)]
    rest = await booked(database, cursor=page.next_cursor)
    assert (seqs(rest), rest.next_cursor) == ([3, 4, 5], None)


async def test_the_books_are_filtered(database: Database) -> None:
    """By account, seldom or often used, by day, and by source or its first part."""
    await some_books(database)
    paid, tax = f"user:{PATRON.user_id}:paid", f"venue:{HERE}:tax"
    assert is_seldom(paid)
    assert not is_seldom(tax)
    assert seqs(await booked(database, account=paid)) == [1, 2, 5]
    assert seqs(await booked(database, account=tax)) == [1, 2, 3, 4, 5]
    assert seqs(await booked(database, account="platform:transit")) == [3, 4]
    assert seqs(await booked(database, business_day=YESTERDAY)) == [2, 4]
    assert seqs(await booked(database, source="usage")) == [2, 3]
    assert seqs(await booked(database, source="usage:s:2")) == [3]
    assert seqs(await booked(database, source="gift_out")) == [5]
    assert seqs(await booked(database, source="usage", account=paid)) == [2]
    # The first journal of the source does not touch this account: the page begins after it.
    only = await booked(database, source="usage", account="platform:transit", limit=1)
    assert (seqs(only), only.next_cursor) == ([3], None)
    of_ids = cursor_of(UUID("01935d2a-7c00-7000-8000-0000000000b2"))
    with pytest.raises(CursorInvalid):
        await booked(database, cursor=of_ids)
    assert seqs(await booked(database, account=paid, business_day=TODAY)) == [1, 5]


async def test_only_owners_read_books_and_say_whose(database: Database) -> None:
    """An owner of several venues names one: each has a chain of its own."""
    await some_books(database)
    with pytest.raises(WhichVenue) as caught:
        await booked(database, EVERYWHERE)
    assert caught.value.refusal().code is Code.MALFORMED_REQUEST
    assert seqs(await booked(database, EVERYWHERE, venue_id=THERE)) == [1]
    with pytest.raises(NotOnShow):
        await booked(database, OWNER, venue_id=THERE)
    assert seqs(await booked(database, MANAGER, venue_id=HERE)) == []


async def test_the_books_as_a_table_hold_every_posting(database: Database) -> None:
    """The names of the columns first, then a row for each line, in ledger order."""
    await some_books(database)
    command, asked = ReadLedger(), asked_by(OWNER)
    async with asking(database, asked) as connection:
        table = [tuple(row) async for row in csv_ledger(connection, command, asked)]
    assert table[0][:3] == ("seq", "journal_id", "business_day")
    assert [row[0] for row in table[1:]] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    amounts: list[Any] = [row[8] for row in table[1:]]
    assert sum(amounts) == 0


async def test_balances_of_shared_accounts_are_read_by_id(database: Database) -> None:
    """What an adjustment is held against; what has no account yet is not among them."""
    await some_books(database)
    tax = f"venue:{HERE}:tax"
    ids = [ledger_account_id(code, "JPY") for code in (tax, "platform:transit")]
    async with database.connect(DatabaseRole.WRITER) as connection:
        assert await account_balances(connection, ids) == {tax: 33}
