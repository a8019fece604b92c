"""What waits for a card: opened without moving credit, posted when it is paid, else voided.

The goods of a purchase are kept meanwhile; they return with the void. A pending transaction has no
business day: it gets that of its posting (Rules 9 and 11).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.account.order_rows import sale_line
from actors.account.standing import profile_at
from actors.account.state import AccountState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import (
    CancelTimer,
    Context,
    Decision,
    Event,
    Outcome,
    Send,
    SetTimer,
)
from actors.runtime.telling import tell
from protocol.addresses import OUTSIDE, ActorKind, Address
from protocol.events.money import TransactionPending, TransactionVoided
from protocol.internal.orders import PlaysTaken, PostOrder, ReturnStock
from protocol.internal.payments import CancelAtProvider, VoidUnpaid
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    PaymentStatus,
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment
from protocol.records.values import RecipePart
from protocol.replies.transactions import Balance, Purchased, PurchasedLine, ToppedUp

UNPAID_AFTER: Final = timedelta(minutes=60)
"""Rule 11: what nobody paid is voided."""
ASKED_AGAIN_AFTER: Final = timedelta(minutes=15)
PROCESSING_MOST: Final = timedelta(hours=72)
"""So long a payment that the provider works on keeps its goods; then they return."""
LIVE: Final = frozenset(
    {PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING}
)
"""A payment that may still go either way."""


@attrs.frozen(kw_only=True)
class CardTopUp:
    """A top-up that is to be paid by card."""

    venue_id: UUID
    transaction_id: UUID
    price_minor: int
    bonus_minor: int = 0
    bonus_days: int | None = None
    package_id: UUID | None = None


def open_top_up(state: AccountState, context: Context, wanted: CardTopUp) -> Outcome:
    """Write it down and wait for its payment: 202."""
    profile = profile_at(context, wanted.venue_id)
    assert profile is not None, f"venue {wanted.venue_id} has shared no profile"
    transaction = Transaction(
        id=wanted.transaction_id,
        venue_id=wanted.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.TOPUP,
        status=TransactionStatus.PENDING,
        tender=Tender.CARD,
        amount_minor=wanted.price_minor,
        currency=profile.currency,
        business_day=None,
        package_id=wanted.package_id,
        bonus_minor=wanted.bonus_minor,
        bonus_days=wanted.bonus_days,
        created_by=None if context.principal is None else context.principal.user_id,
        occurred_at=context.now,
        expires_at=context.now + UNPAID_AFTER,
    )
    answer = ToppedUp(
        transaction_id=transaction.id,
        status=transaction.status,
        tender=transaction.tender,
        amount_minor=transaction.amount_minor,
        bonus_minor=transaction.bonus_minor,
        balance=balance_now(state, context, transaction.currency),
        expires_at=transaction.expires_at,
    )
    return _opened(transaction, answer)


def open_purchase(state: AccountState, command: PostOrder, context: Context) -> Outcome:
    """The goods are taken from stock: keep them, and wait for the payment: 202."""
    visit = state.visit_of(command.buyer.session_id) if command.buyer.session_id else None
    transaction = Transaction(
        id=command.transaction_id,
        venue_id=command.order.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.PURCHASE,
        status=TransactionStatus.PENDING,
        tender=Tender.CARD,
        amount_minor=command.total_minor,
        tax_minor=command.tax_minor,
        currency=command.currency,
        business_day=None,
        session_id=None if visit is None else visit.session_id,
        note=command.order.note,
        created_by=None if context.principal is None else context.principal.user_id,
        occurred_at=context.now,
        expires_at=context.now + UNPAID_AFTER,
    )
    # Nothing is handed out before it is paid, not even a play.
    rows = [
        sale_line(transaction, line, n, context).evolve(
            status=PurchaseStatus.ORDERED, served_at=None
        )
        for n, line in enumerate(command.lines, 1)
    ]
    answer = Purchased(
        transaction_id=transaction.id,
        status=transaction.status,
        total_minor=transaction.amount_minor,
        tax_minor=transaction.tax_minor,
        tip_minor=0,
        lines=tuple(_line(row) for row in rows),
        balance=balance_now(state, context, transaction.currency),
        expires_at=transaction.expires_at,
    )
    return _opened(transaction, answer, *rows)


def unpaid_timer(transaction_id: UUID) -> str:
    """The timer that voids a transaction that nobody paid."""
    return f"unpaid:{transaction_id}"


def lines_of(state: AccountState, transaction_id: UUID) -> list[Purchase]:
    """The lines of a purchase, in order."""
    found = [line for line in state.all(Purchase) if line.transaction_id == transaction_id]
    return sorted(found, key=lambda line: line.line)


def live_payment(state: AccountState, transaction_id: UUID) -> Payment | None:
    """The payment of a transaction that may still go either way; there is one at most."""
    for payment in state.all(Payment):
        if payment.transaction_id == transaction_id and payment.status in LIVE:
            return payment
    return None


def balance_now(state: AccountState, context: Context, currency: str) -> Balance:
    """What the wallet of a currency has."""
    return Balance(
        available_minor=state.available_minor(currency, context.now),
        held_minor=state.credits(currency).held_minor,
    )


def void_pending(
    state: AccountState, transaction: Transaction, reason: str, context: Context
) -> Outcome:
    """Nothing was posted, so nothing is mirrored; the goods return to the venue.

    The transaction lets go of its payment: should that succeed after all, its money becomes credit
    by a transaction of its own.
    """
    lines = lines_of(state, transaction.id)
    voided = transaction.revised(
        status=TransactionStatus.VOIDED, reason=reason, payment_id=None, expires_at=None
    )
    return Outcome(
        changes=(voided, *(line.revised(status=PurchaseStatus.VOIDED) for line in lines)),
        events=(told_void(voided, 0, context),),
        sends=stock_back(transaction, lines),
        timers=(CancelTimer(unpaid_timer(transaction.id)),),
    )


def told_void(transaction: Transaction, reversed_minor: int, context: Context) -> Event:
    """The event of a void."""
    told = TransactionVoided(
        transaction_id=transaction.id,
        reason=transaction.reason or "",
        reversed_minor=reversed_minor,
        at=context.now,
    )
    return tell(
        told,
        venue_id=transaction.venue_id,
        user_id=transaction.user_id,
        version=transaction.version,
    )


def stock_back(transaction: Transaction, lines: list[Purchase]) -> tuple[Send, ...]:
    """What left the stock for these lines goes back, and plays are not counted."""
    taken: dict[UUID, int] = {}
    plays: dict[UUID, int] = {}
    for line in lines:
        for part in line.taken:
            taken[part.item_id] = taken.get(part.item_id, 0) + part.amount_milli
        if line.game_id is not None:
            plays[line.game_id] = plays.get(line.game_id, 0) + line.qty
    if not taken and not plays:
        return ()
    back = ReturnStock(
        transaction_id=transaction.id,
        taken=tuple(RecipePart(item_id=id_, amount_milli=n) for id_, n in taken.items()),
        plays=tuple(PlaysTaken(game_id=id_, plays=n) for id_, n in plays.items()),
    )
    return (Send(Address(ActorKind.VENUE, transaction.venue_id), back, detached=True),)


def cancel_at_provider(payment: Payment | None) -> tuple[Send, ...]:
    """Tell the provider that a payment is not wanted any more, if it knows of it."""
    if payment is None or payment.provider_id is None:
        return ()
    cancel = CancelAtProvider(
        payment_id=payment.id,
        account_id=payment.user_id,
        provider_payment_id=payment.provider_id,
    )
    return (Send(OUTSIDE, cancel, detached=True),)


@decides(VoidUnpaid)
def decide_void_unpaid(state: AccountState, command: VoidUnpaid, context: Context) -> Decision:
    """Rule 11: unpaid for 60 minutes. What the provider works on is waited for, within reason."""
    transaction = state.get(Transaction, command.transaction_id)
    if transaction is None or transaction.status is not TransactionStatus.PENDING:
        return Outcome()
    payment = live_payment(state, transaction.id)
    under_way = payment is not None and payment.status is PaymentStatus.PROCESSING
    if under_way and context.now < transaction.occurred_at + PROCESSING_MOST:
        again = SetTimer(unpaid_timer(transaction.id), context.now + ASKED_AGAIN_AFTER, command)
        return Outcome(timers=(again,))
    outcome = void_pending(state, transaction, "unpaid", context)
    # The timer that fired is spent.
    return attrs.evolve(outcome, sends=(*outcome.sends, *cancel_at_provider(payment)), timers=())


def _opened(transaction: Transaction, answer: object, *rows: Purchase) -> Outcome:
    assert transaction.expires_at is not None
    pending = TransactionPending(
        transaction_id=transaction.id,
        kind="topup" if transaction.kind is TransactionKind.TOPUP else "purchase",
        amount_minor=transaction.amount_minor,
        currency=transaction.currency,
        expires_at=transaction.expires_at,
    )
    told = tell(pending, venue_id=transaction.venue_id, user_id=transaction.user_id)
    timer = SetTimer(
        unpaid_timer(transaction.id),
        transaction.expires_at,
        VoidUnpaid(transaction_id=transaction.id),
    )
    return Outcome(
        reply=answer, status=202, changes=(transaction, *rows), events=(told,), timers=(timer,)
    )


def _line(row: Purchase) -> PurchasedLine:
    return PurchasedLine(
        purchase_id=row.id,
        item_id=row.item_id,
        game_id=row.game_id,
        qty=row.qty,
        unit_minor=row.unit_price_minor,
        total_minor=row.total_minor,
        tax_minor=row.tax_minor,
    )
