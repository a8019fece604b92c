"""Money events and their receipts (GET /api/transactions, /{transaction_id}, …/receipt).

Row-level security decides what is seen; which index answers follows from the caller's role.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.chart import STRIPE_CLEARING
from protocol.errors import Code, LastLightError
from protocol.operations.ledger import GetReceipt, GetTransaction, ListTransactions
from protocol.records.money import Purchase, Receipt, Transaction
from protocol.records.money_states import PurchaseStatus, TransactionKind, TransactionStatus
from protocol.replies.ledger import (
    ReceiptView,
    TaxPart,
    TenderPart,
    TransactionDetail,
    TransactionLine,
    TransactionList,
    TransactionView,
)
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("ledger")
_CREDITED: Final = (TransactionKind.TOPUP, TransactionKind.GRANT)
"""Kinds that fill a wallet: what pays for them is not what is in it."""


@attrs.frozen
class ReceiptNotReady(LastLightError):
    """There will be a receipt, but it has no number yet. Ask again."""

    code: ClassVar[Code] = Code.RECEIPT_NOT_READY
    transaction_id: UUID

    def __str__(self) -> str:
        return f"the receipt of transaction {self.transaction_id} is not issued yet; ask again"


async def transactions(
    connection: Connection, command: ListTransactions, asked: Asked
) -> TransactionList:
    """A page of money events, newest first.

    Raises:
        CursorInvalid: 400.
    """
    before = after_of(command)
    filters = (
        before,
        command.limit + 1,
        command.kind,
        command.status,
        command.tender,
        command.business_day,
        command.session_id,
    )
    if asked.asking.role >= Role.MANAGEMENT:
        found = await _of_venues(connection, command, filters)
    else:
        taken = asked.asking.role >= Role.STAFF
        sql = SQL["taken_transactions" if taken else "own_transactions"].sql
        rows = await connection.fetch(sql, asked.asking.user_id, *filters, command.venue_id)
        found = list(mapping_of(Transaction).from_rows(rows))
    page, cursor = page_of(found, command, lambda row: row.id)
    return TransactionList(items=tuple(_view(row) for row in page), next_cursor=cursor)


async def _of_venues(
    connection: Connection, command: ListTransactions, filters: tuple[object, ...]
) -> list[Transaction]:
    """The newest of each venue, each by its own index, and of those the newest of all."""
    asked = await connection.fetch(SQL["venues_asked"].sql)
    venues = [row["venue_id"] for row in asked]
    found: list[Transaction] = []
    for venue_id in venues if command.venue_id is None else {command.venue_id} & set(venues):
        rows = await connection.fetch(SQL["transactions_of_venue"].sql, venue_id, *filters)
        found += mapping_of(Transaction).from_rows(rows)
    return sorted(found, key=lambda row: row.id, reverse=True)[: command.limit + 1]


def _view(row: Transaction) -> TransactionView:
    return TransactionView(
        transaction_id=row.id,
        venue_id=row.venue_id,
        user_id=row.user_id,
        kind=row.kind,
        status=row.status,
        tender=row.tender,
        amount_minor=row.amount_minor,
        tax_minor=row.tax_minor,
        tip_minor=row.tip_minor,
        currency=row.currency,
        business_day=row.business_day,
        session_id=row.session_id,
        reason=row.reason,
        occurred_at=row.occurred_at,
        posted_at=row.posted_at,
        version=row.version,
    )


async def transaction(
    connection: Connection, command: GetTransaction, asked: Asked
) -> TransactionDetail:
    """One money event, whole.

    Raises:
        NotOnShow: there is none, or it is not the caller's to see; 404.
    """
    id_ = command.transaction_id
    row = await _seen(connection, id_)
    if row is None:
        raise NotOnShow(f"transaction {id_}")
    lines = mapping_of(Purchase).from_rows(
        await connection.fetch(SQL["lines_of_transaction"].sql, id_)
    )
    moved = await connection.fetch(SQL["moved_by_transaction"].sql, id_)
    gone = await connection.fetch(SQL["refunded_of_transaction"].sql, id_)
    refunded = {part["purchase_id"]: (part["qty"], part["amount_minor"]) for part in gone}
    # To the person themselves, who of the venue did it and where is not told.
    shown = asked.is_staff or row.created_by == asked.asking.user_id
    return TransactionDetail(
        transaction_id=row.id,
        venue_id=row.venue_id,
        user_id=row.user_id,
        kind=row.kind,
        status=row.status,
        tender=row.tender,
        amount_minor=row.amount_minor,
        tax_minor=row.tax_minor,
        tip_minor=row.tip_minor,
        currency=row.currency,
        business_day=row.business_day,
        session_id=row.session_id,
        payment_id=row.payment_id,
        package_id=row.package_id,
        reverses_id=row.reverses_id,
        about_id=row.about_id,
        reason=row.reason,
        note=row.note,
        created_by=row.created_by if shown else None,
        till_id=row.till_id if asked.is_staff else None,
        occurred_at=row.occurred_at,
        posted_at=row.posted_at,
        expires_at=row.expires_at,
        lines=tuple(_line(row, line, *refunded.get(line.id, (0, 0))) for line in lines),
        tax=_tax(lines),
        tenders=_tenders(row, moved),
        journal_ids=tuple(dict.fromkeys(part["journal_id"] for part in moved)),
        version=row.version,
    )


def _line(
    row: Transaction, line: Purchase, refunded_qty: int, refunded_minor: int
) -> TransactionLine:
    open_ = row.status is TransactionStatus.POSTED and line.status is not PurchaseStatus.VOIDED
    return TransactionLine(
        purchase_id=line.id,
        line=line.line,
        item_id=line.item_id,
        game_id=line.game_id,
        name=line.name,
        qty=line.qty,
        unit_price_minor=line.unit_price_minor,
        total_minor=line.total_minor,
        tax_rate_bp=line.tax_rate_bp,
        tax_minor=line.tax_minor,
        standard_drinks_milli=line.standard_drinks_milli,
        status=line.status,
        refundable_qty=max(0, line.qty - refunded_qty) if open_ else 0,
        refundable_minor=max(0, line.total_minor - refunded_minor) if open_ else 0,
    )


def _tax(lines: Sequence[Purchase]) -> tuple[TaxPart, ...]:
    gross: defaultdict[int, int] = defaultdict(int)
    tax: defaultdict[int, int] = defaultdict(int)
    for line in lines:
        gross[line.tax_rate_bp] += line.total_minor
        tax[line.tax_rate_bp] += line.tax_minor
    return tuple(
        TaxPart(rate_bp=rate, gross_minor=gross[rate], tax_minor=tax[rate])
        for rate in sorted(gross)
    )


def _tenders(row: Transaction, moved: Sequence[Any]) -> tuple[TenderPart, ...]:
    """With which kinds of money it was paid; negative is what was received."""
    sums: Counter[str] = Counter()
    for part in moved:
        tender = _tender_of(part["account_code"], of_wallet=row.kind not in _CREDITED)
        if tender is not None:
            sums[tender] -= part["amount_minor"]
    return tuple(
        TenderPart(tender=tender, amount_minor=amount)
        for tender, amount in sorted(sums.items())
        if amount
    )


def _tender_of(code: str, *, of_wallet: bool) -> str | None:
    match code.split(":"):
        case ["user", _, kind]:
            return kind if of_wallet else None
        case ["venue", _, "till", _]:
            return "cash"
    return "card" if code == STRIPE_CLEARING else None


async def receipt(connection: Connection, command: GetReceipt, asked: Asked) -> ReceiptView:
    """The receipt of a purchase or top-up; of a visit's time, the visit's.

    Raises:
        ReceiptNotReady: it waits for its payment, the visit's end, or its number; 409.
        NotOnShow: there is none, or it is not the caller's to see; 404.
    """
    id_ = command.transaction_id
    row = await connection.fetchrow(SQL["receipt_of_transaction"].sql, id_)
    if row is None:
        row = await _receipt_of_visit(connection, id_)
    found: Receipt = mapping_of(Receipt).from_row(row)
    if found.number is None:
        raise ReceiptNotReady(id_)
    head = await connection.fetchrow(SQL["head_of_receipt"].sql, found.venue_id)
    if head is None:
        raise NotOnShow(f"the receipt of transaction {id_}")
    tips_minor = await connection.fetchval(SQL["tips_about"].sql, id_)
    return ReceiptView(
        receipt_id=found.id,
        number=found.number,
        venue_id=found.venue_id,
        venue_name=head["name"],
        venue_address=head["address"],
        venue_tax_id=head["tax_id"],
        transaction_id=found.transaction_id,
        session_id=found.session_id,
        user_id=found.user_id,
        body=found.body,
        tips_minor=int(found.body.get("tip_minor", 0)) + int(tips_minor or 0),
        journal_hash=None if found.journal_hash is None else found.journal_hash.hex(),
        issued_at=found.issued_at,
    )


async def _receipt_of_visit(connection: Connection, id_: UUID) -> Any:
    """The receipt that a transaction without one of its own stands on.

    Raises:
        ReceiptNotReady, NotOnShow: see `receipt`.
    """
    about = await _seen(connection, id_)
    if about is None:
        raise NotOnShow(f"transaction {id_}")
    if about.kind is TransactionKind.USAGE:
        row = await connection.fetchrow(SQL["receipt_of_session"].sql, about.session_id)
        if row is not None:
            return row
        raise ReceiptNotReady(id_)
    if about.status is TransactionStatus.PENDING:
        raise ReceiptNotReady(id_)
    raise NotOnShow(f"a receipt of transaction {id_}, which is a {about.kind.value},")


async def _seen(connection: Connection, id_: UUID) -> Transaction | None:
    row = await connection.fetchrow(SQL["transaction"].sql, id_)
    return None if row is None else mapping_of(Transaction).from_row(row)
