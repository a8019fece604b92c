"""Payments, refunds and what they are of, as the tests of an account need them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from actors.account.payment_states import decide_apply_payment_result
from actors.account.payments import decide_begin_payment, decide_create_payment_intent
from actors.account.pending import CardTopUp, open_top_up
from actors.account.state import AccountState
from actors.rules.lifecycle import PAYMENT_RANK
from actors.runtime.outcome import Decision, Outcome
from protocol.addresses import Role
from protocol.internal.payments import ApplyPaymentResult, BeginPayment
from protocol.operations.payments import CreatePaymentIntent
from protocol.records.money import CreditGrant, Credits, Purchase, Refund, Transaction
from protocol.records.money_states import (
    CreditSource,
    PaymentStatus,
    PurchaseStatus,
    RefundDestination,
    RefundStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment
from protocol.records.values import HoldSource
from tests.actors.account.wallets import ITEM, TODAY, USER, VENUE, a_lot, an_account, here
from tests.actors.deciding import IDS, NOW, a_principal, accepted, after

TOP_UP = UUID(int=0x7001)
SALE = UUID(int=0x7002)
PAYMENT = UUID(int=0x7003)
MANAGER = UUID(int=0xD2)
OWNER = UUID(int=0xD3)
AT_OFFICE = a_principal(MANAGER, Role.MANAGEMENT, VENUE)
OF_THE_PLACE = a_principal(OWNER, Role.OWNER, VENUE)


def a_payment(status: PaymentStatus = PaymentStatus.SUCCEEDED, **changes: Any) -> Payment:
    known: dict[str, Any] = {
        "id": PAYMENT,
        "transaction_id": TOP_UP,
        "venue_id": VENUE,
        "user_id": USER,
        "provider_id": "pi_1",
        "status": status,
        "status_rank": PAYMENT_RANK[status],
        "amount_minor": 5_000,
        "currency": "JPY",
        "created_at": NOW,
    }
    return Payment(**(known | changes))


def a_transaction(kind: TransactionKind = TransactionKind.TOPUP, **changes: Any) -> Transaction:
    known: dict[str, Any] = {
        "id": TOP_UP if kind is TransactionKind.TOPUP else SALE,
        "venue_id": VENUE,
        "user_id": USER,
        "kind": kind,
        "status": TransactionStatus.POSTED,
        "tender": Tender.CARD,
        "amount_minor": 5_000,
        "currency": "JPY",
        "business_day": TODAY,
        "payment_id": PAYMENT,
        "created_by": USER,
        "occurred_at": NOW - timedelta(hours=1),
        "posted_at": NOW - timedelta(hours=1),
    }
    return Transaction(**(known | changes))


def a_sold_line(**changes: Any) -> Purchase:
    """Three of something at 300, with 81 of tax in them."""
    known: dict[str, Any] = {
        "id": IDS.fresh(),
        "transaction_id": SALE,
        "venue_id": VENUE,
        "user_id": USER,
        "session_id": None,
        "line": 1,
        "item_id": ITEM,
        "game_id": None,
        "name": "Karaage",
        "qty": 3,
        "unit_price_minor": 300,
        "tax_rate_bp": 1_000,
        "tax_minor": 81,
        "total_minor": 900,
        "status": PurchaseStatus.ORDERED,
        "created_at": NOW,
    }
    return Purchase(**(known | changes))


def a_refund_row(**changes: Any) -> Refund:
    known: dict[str, Any] = {
        "id": IDS.fresh(),
        "transaction_id": TOP_UP,
        "venue_id": VENUE,
        "user_id": USER,
        "lines": (),
        "amount_minor": 2_000,
        "currency": "JPY",
        "destination": RefundDestination.ORIGINAL,
        "status": RefundStatus.REQUESTED,
        "reason_code": "unused_credit",
        "requested_by": USER,
        "requested_at": NOW,
        "payment_id": PAYMENT,
    }
    return Refund(**(known | changes))


def a_sale_from_credits(paid: int = 600, bonus: int = 300, **line: Any) -> AccountState:
    """Three for 900, paid from a paid lot and a newer one of bonus."""
    lots = [
        a_lot(1_000, remaining_minor=1_000 - paid),
        a_lot(500, CreditSource.BONUS, remaining_minor=500 - bonus, created_at=NOW),
    ]
    sources = tuple(
        HoldSource(grant_id=lot.id, amount_minor=amount, source=lot.source.value)
        for lot, amount in zip(lots, (paid, bonus), strict=True)
        if amount
    )
    sale = a_transaction(
        TransactionKind.PURCHASE,
        tender=Tender.CREDITS,
        amount_minor=900,
        tax_minor=81,
        payment_id=None,
        sources=sources,
    )
    return an_account(sale, a_sold_line(**line), *lots)


def a_topped_up_lot(amount_minor: int, source: CreditSource = CreditSource.PAID) -> CreditGrant:
    """A lot that the top-up gave."""
    return a_lot(amount_minor, source, transaction_id=TOP_UP, created_at=NOW - timedelta(hours=1))


def opened(state: AccountState, amount_minor: int = 5_000, **more: Any) -> UUID:
    """Open a top-up by card; returns its id."""
    wanted = CardTopUp(venue_id=VENUE, transaction_id=IDS.fresh(), price_minor=amount_minor, **more)
    after(state, open_top_up(state, here(), wanted))
    return wanted.transaction_id


def begun(state: AccountState, transaction_id: UUID) -> Payment:
    """Begin to pay it, as the provider's answer would have it."""
    begin = BeginPayment(transaction_id=transaction_id)
    after(state, accepted(decide_begin_payment(state, begin, here())))
    (payment,) = [
        one
        for one in state.all(Payment)
        if one.transaction_id == transaction_id and one.status is PaymentStatus.CREATED
    ]
    create = CreatePaymentIntent(
        transaction_id=transaction_id,
        payment_id=payment.id,
        provider_id=f"pi_{payment.id}",
        provider_status=PaymentStatus.CREATED,
    )
    after(state, accepted(decide_create_payment_intent(state, create, here())))
    named = state.get(Payment, payment.id)
    assert named is not None
    return named


def told(state: AccountState, payment_id: UUID, status: PaymentStatus, **more: Any) -> Outcome:
    """The provider says something of a payment; the state has it."""
    result = ApplyPaymentResult(payment_id=payment_id, status=status, **more)
    decision: Decision = decide_apply_payment_result(state, result, here(principal=None))
    outcome = accepted(decision)
    after(state, outcome)
    return outcome


def wallet(state: AccountState) -> Credits:
    return state.credits("JPY")


def statuses(rows: Iterable[Any]) -> list[str]:
    """The states of rows, in order."""
    return [row.status.value for row in rows]
