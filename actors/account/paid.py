"""What happens when a card's money has come: the one place where it becomes credit or a sale.

It happens once for each payment, because a payment becomes `succeeded` once (Rule 11). If what it
was to pay for is voided or paid by another payment, the money is credited as a top-up of its own:
money that has come is never lost, and never undoes what was told.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import attrs

from actors.account.order_rows import sales_of
from actors.account.patterns import patterns_seen
from actors.account.pending import lines_of, unpaid_timer
from actors.account.receipts import order_receipt
from actors.account.state import AccountState
from actors.account.topups import credit_top_up
from actors.account.wallet import wallet_of
from actors.rules import journals
from actors.runtime.outcome import CancelTimer, Context, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.internal.orders import OrderPosted, RevenueBooked
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment

LATE: Final = "late_payment"


def post_paid(state: AccountState, payment: Payment, context: Context) -> tuple[UUID, Outcome]:
    """Post what a payment pays for; returns the transaction that it paid in the end."""
    transaction = state.get(Transaction, payment.transaction_id)
    waits = transaction is not None and transaction.status is TransactionStatus.PENDING
    if transaction is None or not waits or transaction.payment_id != payment.id:
        return _post_late(state, payment, transaction, context)
    timer = CancelTimer(unpaid_timer(transaction.id))
    if transaction.kind is TransactionKind.TOPUP:
        outcome = _post_top_up(state, transaction, context)
    else:
        outcome = _post_purchase(state, transaction, context)
    return transaction.id, attrs.evolve(outcome, timers=(*outcome.timers, timer))


def _post_top_up(state: AccountState, transaction: Transaction, context: Context) -> Outcome:
    wallet = wallet_of(state, context, venue_id=transaction.venue_id, currency=transaction.currency)
    posted = _now_posted(transaction, context, wallet.business_day)
    receipt = credit_top_up(wallet, posted)
    outcome = wallet.outcome("topup")
    return attrs.evolve(
        outcome,
        appends=(*outcome.appends, receipt),
        sends=(*outcome.sends, *patterns_seen(state, context, posted)),
    )


def _post_purchase(state: AccountState, transaction: Transaction, context: Context) -> Outcome:
    wallet = wallet_of(state, context, venue_id=transaction.venue_id, currency=transaction.currency)
    lines = lines_of(state, transaction.id)
    posted = _now_posted(transaction, context, wallet.business_day)
    wallet.put(posted)
    sale = journals.purchase(
        user_id=state.user_id, venue_id=transaction.venue_id, sales=sales_of(lines)
    )
    journal_id = wallet.post_for(
        posted, sale, amount_minor=posted.amount_minor, tax_minor=posted.tax_minor
    )
    receipt = order_receipt(wallet, posted, lines, journal_id)
    # A play is had at once; what comes from the bar is not, until it is brought.
    played = tuple(
        line.revised(status=PurchaseStatus.SERVED, served_at=context.now)
        for line in lines
        if line.game_id is not None
    )
    outcome = wallet.outcome("purchase")
    return attrs.evolve(
        outcome,
        changes=(*outcome.changes, *played),
        appends=(*outcome.appends, receipt),
        sends=(
            *booked(posted),
            *_told_session(posted, lines),
            *patterns_seen(state, context, posted),
        ),
    )


def _post_late(
    state: AccountState, payment: Payment, before: Transaction | None, context: Context
) -> tuple[UUID, Outcome]:
    """Nothing waits for the money any more: it becomes paid credit, with the bonus promised."""
    bonus = before if before is not None and before.kind is TransactionKind.TOPUP else None
    transaction = Transaction(
        id=context.fresh_id(),
        venue_id=payment.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.TOPUP,
        status=TransactionStatus.PENDING,
        tender=Tender.CARD,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        business_day=None,
        payment_id=payment.id,
        package_id=None if bonus is None else bonus.package_id,
        about_id=payment.transaction_id,
        bonus_minor=0 if bonus is None else bonus.bonus_minor,
        bonus_days=None if bonus is None else bonus.bonus_days,
        reason=LATE,
        created_by=None,
        occurred_at=context.now,
    )
    return transaction.id, _post_top_up(state, transaction, context)


def _now_posted(transaction: Transaction, context: Context, today: date) -> Transaction:
    return transaction.evolve(
        status=TransactionStatus.POSTED,
        business_day=today,
        posted_at=context.now,
        expires_at=None,
    )


def booked(transaction: Transaction, sign: int = 1) -> tuple[Send, ...]:
    """The venue's live figures hear of a sale, or with −1 of one that is taken back."""
    assert transaction.business_day is not None
    told = RevenueBooked(
        business_day=transaction.business_day,
        gross_minor=sign * transaction.amount_minor,
        tax_minor=sign * transaction.tax_minor,
    )
    return (Send(Address(ActorKind.VENUE, transaction.venue_id), told, detached=True),)


def _told_session(transaction: Transaction, lines: list[Purchase]) -> tuple[Send, ...]:
    if transaction.session_id is None:
        return ()
    told = OrderPosted(
        transaction_id=transaction.id,
        total_minor=transaction.amount_minor,
        standard_drinks_milli=sum(line.standard_drinks_milli for line in lines),
        plays=sum(line.qty for line in lines if line.game_id is not None),
    )
    session = Address(ActorKind.SESSION, transaction.session_id)
    return (Send(session, told, detached=True),)
