"""Money events, receipts and books from real tables: who sees what, and what it says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from protocol.addresses import Role
from protocol.errors import Code
from protocol.operations.ledger import GetReceipt, GetTransaction, ListTransactions, ReadLedger
from protocol.records.ledger import (
    BusinessDay,
    LedgerAccount,
    LedgerJournal,
    LedgerPosting,
    ledger_account_id,
)
from protocol.records.money import Purchase, Receipt, Refund, Transaction
from protocol.records.money_states import (
    PurchaseStatus,
    RefundStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import RefundLine
from protocol.records.venues import Venue
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.queries_ledger import (
    WhichVenue,
    account_balances,
    csv_ledger,
    is_seldom,
    ledger,
)
from storage.postgres.queries_money import (
    ReceiptNotReady,
    receipt,
    transaction,
    transactions,
)
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

HERE, THERE = an_id(), an_id()
PATRON, OTHER = a_principal(), a_principal()
STAFF = a_principal(roles={HERE: Role.STAFF})
MANAGER = a_principal(roles={HERE: Role.MANAGEMENT})
OWNER = a_principal(roles={HERE: Role.OWNER})
EVERYWHERE = a_principal(everywhere=Role.OWNER)
TODAY, YESTERDAY = NOON.date(), NOON.date() - dt.timedelta(days=1)
TILL = an_id()


def a_venue(id_: Any) -> Any:
    return a(
        Venue, id=id_, name="Last Light", status="open", radius_m=150, tz="Asia/Tokyo",
        currency="JPY", cutover_local=dt.time(5), address="Dogenzaka 1", tax_id="T1",
    )  # fmt: skip


def a_day(day: dt.date, status: str) -> Any:
    return a(
        BusinessDay, venue_id=HERE, business_day=day, status=status, starts_at=NOON,
        ends_at=NOON + dt.timedelta(days=1), z_number=1 if status == "closed" else None,
    )  # fmt: skip


PLACES = (a_venue(HERE), a_venue(THERE), a_day(TODAY, "open"), a_day(YESTERDAY, "closed"))


def a_sale(venue_id: Any = HERE, **values: Any) -> Any:
    given = {
        "user_id": PATRON.user_id,
        "kind": TransactionKind.PURCHASE,
        "status": TransactionStatus.POSTED,
        "tender": Tender.CREDITS,
        "amount_minor": 1000,
        "currency": "JPY",
        "business_day": TODAY,
        "posted_at": NOON,
        "created_by": PATRON.user_id,
    }
    return a(Transaction, venue_id=venue_id, **{**given, **values})


def a_line(sale: Any, n: int = 1, **values: Any) -> Any:
    given = {
        "line": n, "item_id": an_id(), "qty": 4, "unit_price_minor": 250, "total_minor": 1000,
        "tax_rate_bp": 1000, "tax_minor": 91, "status": PurchaseStatus.ORDERED,
    }  # fmt: skip
    return a(
        Purchase, transaction_id=sale.id, venue_id=sale.venue_id, user_id=sale.user_id,
        **{**given, **values},
    )  # fmt: skip


def a_journal(sale: Any, seq: int, *lines: tuple[str, int], **values: Any) -> tuple[Any, ...]:
    given = {
        "business_day": sale.business_day, "source": "purchase", "memo_salt": None,
        "prev_hash": bytes(32), "hash": bytes([seq]) * 32, "posted_at": NOON,
    }  # fmt: skip
    head = a(
        LedgerJournal,
        venue_id=sale.venue_id,
        seq=seq,
        transaction_id=sale.id,
        **{**given, **values},
    )
    return head, *(
        a(
            LedgerPosting, journal_id=head.id, venue_id=sale.venue_id, line=n, account_code=code,
            account_id=ledger_account_id(code, "JPY"), amount_minor=amount, currency="JPY",
        )
        for n, (code, amount) in enumerate(lines, 1)
    )  # fmt: skip


async def listed(database: Database, who: Any, **values: Any) -> list[Any]:
    command = ListTransactions(**values)
    asked = asked_by(who, command.venue_id)
    async with asking(database, asked) as connection:
        found = await transactions(connection, command, asked)
    return [one.transaction_id for one in found.items]


async def seen(database: Database, who: Any, id_: Any) -> Any:
    asked = asked_by(who)
    async with asking(database, asked) as connection:
        return await transaction(connection, GetTransaction(transaction_id=id_), asked)


async def printed(database: Database, who: Any, id_: Any) -> Any:
    asked = asked_by(who)
    async with asking(database, asked) as connection:
        return await receipt(connection, GetReceipt(transaction_id=id_), asked)


async def booked(database: Database, who: Any = OWNER, **values: Any) -> Any:
    command = ReadLedger(**values)
    asked = asked_by(who, command.venue_id)
    async with asking(database, asked) as connection:
        return await ledger(connection, command, asked)


async def test_everybody_sees_their_part_of_the_money(database: Database) -> None:
    """Patron: own. Staff: what they took today. Management: the venue. Owner: all venues."""
    own, elsewhere = a_sale(), a_sale(THERE)
    others = a_sale(user_id=OTHER.user_id, created_by=STAFF.user_id)
    yesterdays = a_sale(user_id=OTHER.user_id, created_by=STAFF.user_id, business_day=YESTERDAY)
    await store(database, *PLACES, own, elsewhere, others, yesterdays)
    assert await listed(database, PATRON) == [elsewhere.id, own.id]
    assert await listed(database, PATRON, venue_id=HERE) == [own.id]
    assert await listed(database, STAFF) == [others.id]
    assert await listed(database, MANAGER) == [yesterdays.id, others.id, own.id]
    assert await listed(database, MANAGER, venue_id=THERE) == []
    assert await listed(database, EVERYWHERE) == [
        yesterdays.id, others.id, elsewhere.id, own.id,
    ]  # fmt: skip


async def test_money_events_are_filtered_and_paged_newest_first(database: Database) -> None:
    """Each filter is exact, and a cursor goes on where the page ended."""
    session = an_id()
    wanted = a_sale(
        kind=TransactionKind.TIP, tender=Tender.CASH, business_day=YESTERDAY, session_id=session,
        status=TransactionStatus.VOIDED,
    )  # fmt: skip
    others = [a_sale() for _ in range(3)]
    await store(database, *PLACES, wanted, *others)
    for who in (PATRON, MANAGER):
        for name in ("kind", "tender", "business_day", "session_id", "status"):
            assert await listed(database, who, **{name: getattr(wanted, name)}) == [wanted.id]
        asked = asked_by(who)
        found: list[Any] = []
        cursor = None
        while True:
            async with asking(database, asked) as connection:
                command = ListTransactions(limit=3, cursor=cursor)
                page = await transactions(connection, command, asked)
            found += [one.transaction_id for one in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert found == [*(one.id for one in reversed(others)), wanted.id]


async def test_one_money_event_is_shown_whole(database: Database) -> None:
    """Lines with what can still go back, tax by rate, what it was paid with, and its journals."""
    sale = a_sale(till_id=TILL)
    food, play = a_line(sale), a_line(sale, 2, tax_rate_bp=0, tax_minor=0, qty=1, total_minor=500)
    refund = a(
        Refund, transaction_id=sale.id, venue_id=HERE, user_id=PATRON.user_id, amount_minor=250,
        lines=(RefundLine(purchase_id=food.id, qty=1, amount_minor=250),),
        status=RefundStatus.REQUESTED,
    )  # fmt: skip
    rejected = refund.evolve(id=an_id(), status=RefundStatus.REJECTED)
    user = f"user:{PATRON.user_id}"
    rows = a_journal(
        sale, 1, (f"{user}:bonus", -400), (f"{user}:paid", -1100),
        (f"venue:{HERE}:revenue:food", 1409), (f"venue:{HERE}:tax", 91),
    )  # fmt: skip
    await store(database, *PLACES, sale, food, play, refund, rejected, *rows)
    found = await seen(database, PATRON, sale.id)
    assert [(line.refundable_qty, line.refundable_minor) for line in found.lines] == [
        (3, 750), (1, 500),
    ]  # fmt: skip
    assert [(part.rate_bp, part.gross_minor, part.tax_minor) for part in found.tax] == [
        (0, 500, 0), (1000, 1000, 91),
    ]  # fmt: skip
    assert {part.tender: part.amount_minor for part in found.tenders} == {
        "bonus": 400, "paid": 1100,
    }  # fmt: skip
    assert found.journal_ids == (rows[0].id,)
    assert found.till_id is None
    assert (await seen(database, MANAGER, sale.id)).till_id == TILL


async def test_cash_and_cards_are_named_and_a_voided_sale_has_nothing_left(
    database: Database,
) -> None:
    """What fills a wallet is not what it was paid with."""
    top_up = a_sale(kind=TransactionKind.TOPUP, tender=Tender.CASH)
    paid = f"user:{PATRON.user_id}:paid"
    cash = a_journal(top_up, 1, (f"venue:{HERE}:till:{TILL}", -700), (paid, 700), source="topup")
    voided = a_sale(status=TransactionStatus.VOIDED)
    card = a_journal(voided, 2, ("platform:stripe_clearing", -9), (f"venue:{HERE}:tax", 9))
    await store(database, *PLACES, top_up, *cash, voided, *card, a_line(voided))
    found = await seen(database, PATRON, top_up.id)
    assert [(part.tender, part.amount_minor) for part in found.tenders] == [("cash", 700)]
    found = await seen(database, PATRON, voided.id)
    assert [part.tender for part in found.tenders] == ["card"]
    assert found.lines[0].refundable_qty == 0


async def test_what_is_not_ones_own_is_not_there(database: Database) -> None:
    """404 for another's, for another venue's, and for what never was."""
    sale = a_sale()
    await store(database, *PLACES, sale, a_line(sale))
    stranger = a_principal(roles={THERE: Role.MANAGEMENT})
    for who, id_ in ((OTHER, sale.id), (stranger, sale.id), (STAFF, sale.id), (PATRON, an_id())):
        with pytest.raises(NotOnShow) as caught:
            await seen(database, who, id_)
        assert caught.value.refusal().code is Code.NOT_FOUND


def a_receipt(**values: Any) -> Any:
    given = {
        "venue_id": HERE, "user_id": PATRON.user_id, "number": 7, "journal_hash": bytes(32),
        "body": {"total_minor": 1000, "tip_minor": 50},
    }  # fmt: skip
    return a(Receipt, **{**given, **values})


async def test_a_receipt_has_its_number_its_venue_and_later_tips(database: Database) -> None:
    """The patron's own, and staff's of the venue; nobody else's."""
    sale = a_sale()
    tip = a_sale(kind=TransactionKind.TIP, amount_minor=100, about_id=sale.id)
    await store(database, *PLACES, sale, tip, a_receipt(transaction_id=sale.id))
    for who in (PATRON, STAFF, MANAGER, OWNER):
        found = await printed(database, who, sale.id)
        assert (found.number, found.venue_name, found.venue_tax_id) == (7, "Last Light", "T1")
        assert found.journal_hash == "00" * 32
    assert (await printed(database, PATRON, sale.id)).tips_minor == 150
    for who, id_ in ((OTHER, sale.id), (PATRON, an_id()), (PATRON, tip.id)):
        with pytest.raises(NotOnShow):
            await printed(database, who, id_)


async def test_the_time_of_a_visit_stands_on_the_visits_receipt(database: Database) -> None:
    """While the visit is open there is none yet; nor for what waits for its payment."""
    visit = an_id()
    usage = a_sale(kind=TransactionKind.USAGE, session_id=visit)
    waiting = a_sale(status=TransactionStatus.PENDING, posted_at=None, business_day=None)
    unnumbered = a_sale()
    await store(
        database, *PLACES, usage, waiting, unnumbered,
        a_receipt(transaction_id=unnumbered.id, number=None),
    )  # fmt: skip
    for id_ in (usage.id, waiting.id, unnumbered.id):
        with pytest.raises(ReceiptNotReady) as caught:
            await printed(database, PATRON, id_)
        assert caught.value.refusal().code is Code.RECEIPT_NOT_READY
    await store(database, a_receipt(session_id=visit, number=9))
    assert (await printed(database, PATRON, usage.id)).number == 9


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
