"""Two venues, some people, and money events as the tests of the read side need them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from protocol.addresses import Role
from protocol.records.ledger import (
    BusinessDay,
    LedgerJournal,
    LedgerPosting,
    ledger_account_id,
)
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.venues import Venue
from tests.storage.query_world import a_principal
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
