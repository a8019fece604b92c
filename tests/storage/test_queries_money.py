"""Money events and receipts from real tables: who sees what, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.addresses import Role
from protocol.errors import Code
from protocol.operations.ledger import GetReceipt, GetTransaction, ListTransactions
from protocol.records.money import Receipt, Refund
from protocol.records.money_states import (
    RefundStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import RefundLine
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.queries_money import (
    ReceiptNotReady,
    receipt,
    transaction,
    transactions,
)
from tests.storage.money_world import (
    EVERYWHERE,
    HERE,
    MANAGER,
    OTHER,
    OWNER,
    PATRON,
    PLACES,
    STAFF,
    THERE,
    TILL,
    YESTERDAY,
    a_journal,
    a_line,
    a_sale,
)
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import a, an_id


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
