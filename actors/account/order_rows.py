"""What a sale looks like in the tables and in its answer, once it is paid for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from actors.account.state import AccountState
from actors.account.wallet import WalletDraft
from actors.rules.journals import Sale
from actors.runtime.outcome import Context
from protocol.internal.orders import PostOrder, PricedLine
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import PurchaseStatus, TransactionKind, TransactionStatus
from protocol.records.values import HoldSource
from protocol.replies.transactions import Balance, Purchased, PurchasedLine

OFFLINE: Final = "offline"
"""The reason on a sale that a device made while it was offline (Rule 12)."""


def sale_transaction(
    state: AccountState,
    command: PostOrder,
    context: Context,
    *,
    session_id: UUID | None,
    parts: tuple[HoldSource, ...],
    tip_parts: tuple[HoldSource, ...],
) -> Transaction:
    """The sale, with the lots that paid for it."""
    principal, provenance = context.principal, context.provenance
    occurred_at = None if provenance is None else provenance.occurred_at
    return Transaction(
        id=command.transaction_id,
        venue_id=command.order.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.PURCHASE,
        status=TransactionStatus.POSTED,
        tender=command.order.tender,
        amount_minor=command.total_minor,
        tax_minor=command.tax_minor,
        tip_minor=command.order.tip_minor,
        currency=command.currency,
        business_day=command.business_day,
        session_id=session_id,
        shift_id=command.shift_id,
        till_id=command.buyer.till_id,
        sources=parts,
        tip_sources=tip_parts,
        reason=None if occurred_at is None else OFFLINE,
        note=command.order.note,
        created_by=None if principal is None else principal.user_id,
        occurred_at=occurred_at or context.now,
        posted_at=context.now,
    )


def sale_line(transaction: Transaction, line: PricedLine, n: int, context: Context) -> Purchase:
    """The `n`-th line of a sale."""
    # A play is had at once; what comes from the bar is not, until it is brought.
    served = line.game_id is not None
    return Purchase(
        id=line.purchase_id,
        transaction_id=transaction.id,
        venue_id=transaction.venue_id,
        user_id=transaction.user_id,
        session_id=transaction.session_id,
        line=n,
        item_id=line.item_id,
        game_id=line.game_id,
        name=line.name,
        qty=line.qty,
        unit_price_minor=line.unit_price_minor,
        tax_rate_bp=line.tax_rate_bp,
        tax_minor=line.tax_minor,
        total_minor=line.total_minor,
        standard_drinks_milli=line.standard_drinks_milli,
        revenue_kind=line.revenue_kind,
        taken=line.taken,
        status=PurchaseStatus.SERVED if served else PurchaseStatus.ORDERED,
        served_at=context.now if served else None,
        created_at=context.now,
    )


def sales_of(lines: Iterable[PricedLine | Purchase]) -> list[Sale]:
    """What the venue earns by each line."""
    return [
        Sale(revenue_kind=line.revenue_kind, gross_minor=line.total_minor, tax_minor=line.tax_minor)
        for line in lines
    ]


def sold(wallet: WalletDraft, transaction: Transaction, lines: tuple[PricedLine, ...]) -> Purchased:
    """The answer to whoever bought."""
    return Purchased(
        transaction_id=transaction.id,
        status=transaction.status,
        total_minor=transaction.amount_minor,
        tax_minor=transaction.tax_minor,
        tip_minor=transaction.tip_minor,
        lines=tuple(
            PurchasedLine(
                purchase_id=line.purchase_id,
                item_id=line.item_id,
                game_id=line.game_id,
                qty=line.qty,
                unit_minor=line.unit_price_minor,
                total_minor=line.total_minor,
                tax_minor=line.tax_minor,
            )
            for line in lines
        ),
        balance=Balance(
            available_minor=wallet.available_minor, held_minor=wallet.balances.held_minor
        ),
    )
