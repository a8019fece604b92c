"""What has been booked: money events, their receipts, and the books themselves."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import query
from protocol.operations.base import Operation, in_category
from protocol.records.money_states import Tender, TransactionKind, TransactionStatus
from protocol.replies.ledger import (
    LedgerPage,
    ReceiptView,
    TransactionDetail,
    TransactionList,
)
from protocol.values import Cursor, PageSize


@command
class ListTransactions(Command):
    """Money events, newest first: own; for staff what they took today; else of their venues."""

    venue_id: UUID | None = None
    kind: TransactionKind | None = None
    status: TransactionStatus | None = None
    tender: Tender | None = None
    business_day: date | None = None
    session_id: UUID | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class GetTransaction(Command):
    """One money event, whole."""

    transaction_id: UUID


@command
class GetReceipt(Command):
    """The receipt of a purchase, a top-up or a visit's time."""

    transaction_id: UUID


@command
class ReadLedger(Command):
    """Journals of a venue with their postings, in the order of its ledger.

    `source` is a source, or the first part of one: `usage` finds `usage:…`. Without `venue_id` it
    is the caller's only venue.
    """

    venue_id: UUID | None = None
    account: Annotated[str, text(min=1, max=160)] | None = None
    business_day: date | None = None
    source: Annotated[str, text(min=1, max=120)] | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


# fmt: off
OPERATIONS: Final = in_category(
    "Transactions",
    Operation(
        ListTransactions, Role.PATRON, "GET /api/transactions", query("transactions"),
        TransactionList,
        summary="Money events, newest first, as far as the caller may see them.",
    ),
    Operation(
        GetTransaction, Role.PATRON, "GET /api/transactions/{transaction_id}",
        query("transaction"), TransactionDetail,
        summary="One money event with its lines, tax, tenders and journals.",
    ),
    Operation(
        GetReceipt, Role.PATRON, "GET /api/transactions/{transaction_id}/receipt",
        query("receipt"), ReceiptView,
        summary="The receipt, numbered without gaps per venue; as JSON or as a page to print.",
        errors=(Code.RECEIPT_NOT_READY,), offers=("text/html",),
    ),
    Operation(
        ReadLedger, Role.OWNER, "GET /api/transactions/ledger", query("ledger"), LedgerPage,
        summary="The books of a venue: journals and postings, trial balance and head hash.",
        errors=(Code.NOT_FOUND,), offers=("text/csv",),
    ),
)
# fmt: on
