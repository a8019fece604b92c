"""Buying: the first and the last word of a purchase (Rules 4, 7 and 9).

Between them session and venue vouch, price and take from stock. Nothing of the wallet moves until
the last word, so what a later step refuses needs nothing taken back here.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import attrs

from actors.account.receipts import order_receipt
from actors.account.standing import (
    acts_for_another,
    business_day_at,
    profile_at,
    refuse_exclusion,
    refuse_inactive,
    refuse_spend,
    refuse_stranger,
    verified_age,
)
from actors.account.state import AccountState, balances_of
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.journals import Sale
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.orders import (
    Buyer,
    OrderPosted,
    PostOrder,
    PricedLine,
    PriceOrder,
    RevenueBooked,
    VouchOrder,
)
from protocol.operations.transactions import PurchaseItems
from protocol.records.base import Record
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import HoldSource
from protocol.replies.transactions import Balance, Purchased, PurchasedLine


@decides(PurchaseItems)
def decide_purchase_items(
    state: AccountState, command: PurchaseItems, context: Context
) -> Decision:
    """Say at once what the account alone can refuse, then have it vouched for and priced."""
    profile = profile_at(context, command.venue_id)
    if profile is None:
        return Refusal(Code.NOT_FOUND, f"there is no venue {command.venue_id}")
    visit = state.visit if _is_guest(state, command.venue_id) else None
    today = business_day_at(context, command.venue_id)
    refusal = (
        refuse_stranger(state, context, command.venue_id)
        or _refuse_absent(state, command, context)
        or refuse_inactive(state, Code.FORBIDDEN)
        or refuse_exclusion(state, command.venue_id, context.now)
        or _refuse_tender(command)
        or _refuse_frozen(state, profile.currency)
        or refuse_spend(state, 0, today, context.now)
    )
    if refusal is not None:
        return refusal
    buyer = Buyer(
        user_id=state.user_id,
        age_years_verified=verified_age(state, context, command.venue_id),
        session_id=None if visit is None else visit.session_id,
    )
    transaction_id = context.fresh_id()
    if visit is not None:
        vouch = VouchOrder(order=command, buyer=buyer, transaction_id=transaction_id)
        step = Send(Address(ActorKind.SESSION, visit.session_id), vouch)
    else:
        price = PriceOrder(order=command, buyer=buyer, transaction_id=transaction_id)
        step = Send(Address(ActorKind.VENUE, command.venue_id), price)
    return Outcome(reply=LATER, sends=(step,))


@decides(PostOrder)
def decide_post_order(state: AccountState, command: PostOrder, context: Context) -> Decision:
    """Pay the priced order and answer; if it can't be paid, the stock returns."""
    order = command.order
    refusal = (
        refuse_exclusion(state, order.venue_id, context.now)
        or _refuse_frozen(state, command.currency)
        or _refuse_tip(order.tip_minor, command.total_minor)
        or refuse_spend(
            state, command.total_minor + order.tip_minor, command.business_day, context.now
        )
    )
    if refusal is not None:
        return refusal
    wallet = wallet_of(state, context, venue_id=order.venue_id, currency=command.currency)
    # Alcohol is never bought with bonus, and tips are paid from paid credit only.
    alcohol_minor = sum(line.total_minor for line in command.lines if line.alcoholic)
    tip_parts = wallet.take(order.tip_minor, paid_only=True)
    if isinstance(tip_parts, Refusal):
        return tip_parts
    parts = wallet.take(command.total_minor, alcohol_minor=alcohol_minor)
    if isinstance(parts, Refusal):
        return parts
    visit = state.visit_of(command.buyer.session_id) if command.buyer.session_id else None
    transaction = _transaction(state, command, context, None if visit is None else visit.session_id)
    wallet.put(transaction)
    journal_id = _post(wallet, transaction, command.lines, parts, tip_parts)
    receipt = order_receipt(wallet, transaction, command.lines, journal_id)
    rows: list[Record] = [
        _purchase(transaction, line, n, context) for n, line in enumerate(command.lines, 1)
    ]
    outcome = wallet.outcome("purchase")
    return attrs.evolve(
        outcome,
        reply=_answer(wallet, transaction, command.lines),
        changes=(*outcome.changes, *rows),
        appends=(*outcome.appends, receipt),
        sends=_telling(transaction, command, wallet.business_day),
    )


def _is_guest(state: AccountState, venue_id: UUID) -> bool:
    return state.visit is not None and state.visit.venue_id == venue_id


def _refuse_absent(state: AccountState, command: PurchaseItems, context: Context) -> Refusal | None:
    """Staff order for a patron with an open session at their venue, and for no other."""
    if not acts_for_another(state, context) or _is_guest(state, command.venue_id):
        return None
    return Refusal(
        Code.NOT_FOUND, f"user {state.user_id} has no open session here; check them in first"
    )


def _refuse_tender(command: PurchaseItems) -> Refusal | None:
    if command.tender is Tender.CREDITS:
        return None
    detail = f"must be credits, the one tender that purchases take; is {command.tender.value}"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError("/tender", "not_allowed", detail),)
    )


def _refuse_frozen(state: AccountState, currency: str) -> Refusal | None:
    """While something is owed the wallet is frozen for spending; top-ups repay it first."""
    balances = balances_of(state.credits(currency))
    if not balances.is_frozen:
        return None
    return Refusal(
        Code.INSUFFICIENT_CREDITS,
        f"the wallet owes {-balances.receivable_minor} minor and is frozen; top up to repay it",
        extra={"owed_minor": -balances.receivable_minor},
    )


def _refuse_tip(tip_minor: int, total_minor: int) -> Refusal | None:
    """A tip is at most half of the total, and at most 10000."""
    most_minor = min(total_minor // 2, 10_000)
    if tip_minor <= most_minor:
        return None
    detail = f"must be at most {most_minor}, half of the total and 10000 at most; is {tip_minor}"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError("/tip_minor", "out_of_range", detail),)
    )


def _transaction(
    state: AccountState, command: PostOrder, context: Context, session_id: UUID | None
) -> Transaction:
    principal = context.principal
    return Transaction(
        id=command.transaction_id,
        venue_id=command.order.venue_id,
        user_id=state.user_id,
        kind=TransactionKind.PURCHASE,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=command.total_minor,
        tax_minor=command.tax_minor,
        tip_minor=command.order.tip_minor,
        currency=command.currency,
        business_day=command.business_day,
        session_id=session_id,
        note=command.order.note,
        created_by=None if principal is None else principal.user_id,
        occurred_at=context.now,
        posted_at=context.now,
    )


def _post(
    wallet: WalletDraft,
    transaction: Transaction,
    lines: tuple[PricedLine, ...],
    parts: tuple[HoldSource, ...],
    tip_parts: tuple[HoldSource, ...],
) -> UUID | None:
    """The journal of the sale and, if there is a tip, one of its own: a tip is no revenue."""
    sales = [
        Sale(
            revenue_kind=line.revenue_kind,
            gross_minor=line.total_minor,
            tax_minor=line.tax_minor,
        )
        for line in lines
    ]
    user_id, venue_id = wallet.user_id, wallet.venue_id
    sale = journals.purchase(user_id=user_id, venue_id=venue_id, sales=sales, parts=parts)
    journal_id = wallet.post_for(
        transaction,
        sale,
        amount_minor=transaction.amount_minor,
        tax_minor=transaction.tax_minor,
    )
    tip = journals.tip(user_id=user_id, venue_id=venue_id, parts=tip_parts)
    told_as = transaction.evolve(kind=TransactionKind.TIP)
    wallet.post_for(told_as, tip, amount_minor=transaction.tip_minor)
    return journal_id


def _purchase(transaction: Transaction, line: PricedLine, n: int, context: Context) -> Purchase:
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
        status=PurchaseStatus.SERVED if served else PurchaseStatus.ORDERED,
        served_at=context.now if served else None,
        created_at=context.now,
    )


def _answer(
    wallet: WalletDraft, transaction: Transaction, lines: tuple[PricedLine, ...]
) -> Purchased:
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


def _telling(transaction: Transaction, command: PostOrder, today: date) -> tuple[Send, ...]:
    """Session and venue hear of it: for pace and receipt, and for the live figures."""
    booked = RevenueBooked(
        business_day=transaction.business_day or today,
        gross_minor=transaction.amount_minor,
        tax_minor=transaction.tax_minor,
    )
    sends = [Send(Address(ActorKind.VENUE, transaction.venue_id), booked, detached=True)]
    if transaction.session_id is not None:
        posted = OrderPosted(
            transaction_id=transaction.id,
            total_minor=transaction.amount_minor,
            standard_drinks_milli=sum(line.standard_drinks_milli for line in command.lines),
            plays=sum(line.qty for line in command.lines if line.game_id is not None),
        )
        session = Address(ActorKind.SESSION, transaction.session_id)
        sends.append(Send(session, posted, detached=True))
    return tuple(sends)
