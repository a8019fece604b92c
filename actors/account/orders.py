"""Buying: the first and the last word of a purchase (Rules 4, 7 and 9).

Between them session and venue vouch, price and take from stock. Nothing of the wallet moves until
the last word, so what a later step refuses needs nothing taken back here.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from actors.account.order_rows import sale_line, sale_transaction, sales_of, sold
from actors.account.patterns import patterns_seen
from actors.account.pending import open_purchase
from actors.account.receipts import order_receipt
from actors.account.standing import (
    acts_for_another,
    business_day_at,
    open_day_of,
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
from actors.rules.settings import DEFAULT
from actors.rules.tips import refuse_tip
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, FieldError, Refusal
from protocol.evolving import evolve
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
from protocol.records.money import Transaction
from protocol.records.money_states import Tender, TransactionKind
from protocol.records.values import HoldSource


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
        or _refuse_tender(command, context)
        or _refuse_offline(command, context, 0)
        or _refuse_frozen(state, command.tender, profile.currency)
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
    # The venue may have closed the day since it priced the order.
    day = open_day_of(context, order.venue_id, command.business_day)
    command = command.evolve(business_day=day)
    refusal = (
        refuse_exclusion(state, order.venue_id, context.now)
        or _refuse_offline(order, context, command.total_minor)
        or _refuse_frozen(state, order.tender, command.currency)
        or refuse_tip(order.tip_minor, command.total_minor, pointer="/tip_minor")
        or refuse_spend(
            state, command.total_minor + order.tip_minor, command.business_day, context.now
        )
    )
    if refusal is not None:
        return refusal
    if order.tender is Tender.CARD:
        return open_purchase(state, command, context)
    wallet = wallet_of(state, context, venue_id=order.venue_id, currency=command.currency)
    parts = _paid(wallet, command)
    if isinstance(parts, Refusal):
        return parts
    visit = state.visit_of(command.buyer.session_id) if command.buyer.session_id else None
    transaction = sale_transaction(
        state,
        command,
        context,
        session_id=None if visit is None else visit.session_id,
        parts=parts[0],
        tip_parts=parts[1],
    )
    wallet.put(transaction)
    journal_id = _post(wallet, transaction, command.lines)
    receipt = order_receipt(wallet, transaction, command.lines, journal_id)
    rows: list[Record] = [
        sale_line(transaction, line, n, context) for n, line in enumerate(command.lines, 1)
    ]
    outcome = wallet.outcome("purchase")
    return evolve(
        outcome,
        reply=sold(wallet, transaction, command.lines),
        changes=(*outcome.changes, *rows),
        appends=(*outcome.appends, receipt),
        sends=(
            *_telling(transaction, command, wallet.business_day),
            *patterns_seen(state, context, transaction),
        ),
    )


def _paid(
    wallet: WalletDraft, command: PostOrder
) -> tuple[tuple[HoldSource, ...], tuple[HoldSource, ...]] | Refusal:
    """The credit that pays for the order and its tip; of what was paid in cash none does."""
    if command.order.tender is Tender.CASH:
        return (), ()
    # Alcohol is never bought with bonus, and tips are paid from paid credit only.
    alcohol_minor = sum(line.total_minor for line in command.lines if line.alcoholic)
    tip_parts = wallet.take(command.order.tip_minor, paid_only=True)
    if isinstance(tip_parts, Refusal):
        return tip_parts
    parts = wallet.take(command.total_minor, alcohol_minor=alcohol_minor)
    return parts if isinstance(parts, Refusal) else (parts, tip_parts)


def _is_guest(state: AccountState, venue_id: UUID) -> bool:
    return state.visit is not None and state.visit.venue_id == venue_id


def _refuse_absent(state: AccountState, command: PurchaseItems, context: Context) -> Refusal | None:
    """Staff order for a patron with an open session at their venue, and for no other."""
    if not acts_for_another(state, context) or _is_guest(state, command.venue_id):
        return None
    return Refusal(
        Code.NOT_FOUND, f"user {state.user_id} has no open session here; check them in first"
    )


def _refuse_tender(command: PurchaseItems, context: Context) -> Refusal | None:
    """Cash where staff take it. Tips are paid credit, so there is none with card or cash."""
    assert context.principal is not None, "a command of the contract has a principal"
    match command.tender:
        case Tender.CREDITS:
            return None
        case Tender.CASH if context.principal.role_at(command.venue_id) < Role.STAFF:
            return Refusal(
                Code.FORBIDDEN, "cash is taken by staff, through their open till; ask at the bar"
            )
        case _ if command.tip_minor == 0:
            return None
    tender = command.tender.value
    return _misfit("/tip_minor", f"must be 0 with {tender}: tips are paid from paid credit")


def _refuse_frozen(state: AccountState, tender: Tender, currency: str) -> Refusal | None:
    """While something is owed the wallet is frozen for spending; top-ups repay it first."""
    balances = balances_of(state.credits(currency))
    if tender is not Tender.CREDITS or not balances.is_frozen:
        return None
    return Refusal(
        Code.INSUFFICIENT_CREDITS,
        f"the wallet owes {-balances.receivable_minor} minor and is frozen; top up to repay it",
        extra={"owed_minor": -balances.receivable_minor},
    )


def _refuse_offline(command: PurchaseItems, context: Context, total_minor: int) -> Refusal | None:
    """Rule 12: what a device sold while it was offline is from credits, and small."""
    if context.provenance is None or context.provenance.occurred_at is None:
        return None
    if command.tender is not Tender.CREDITS:
        return _misfit("/tender", f"must be credits offline; is {command.tender.value}")
    profile = profile_at(context, command.venue_id)
    most_minor = (DEFAULT if profile is None else profile.settings).offline_purchase_max_minor
    if total_minor <= most_minor:
        return None
    return _misfit("/lines", f"may cost {most_minor} minor at most offline; cost {total_minor}")


def _misfit(pointer: str, detail: str) -> Refusal:
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError(pointer, "not_allowed", detail),)
    )


def _post(
    wallet: WalletDraft,
    transaction: Transaction,
    lines: tuple[PricedLine, ...],
) -> UUID | None:
    """The journal of the sale and, if there is a tip, one of its own: a tip is no revenue."""
    user_id, venue_id = wallet.user_id, wallet.venue_id
    sale = journals.purchase(
        user_id=user_id,
        venue_id=venue_id,
        sales=sales_of(lines),
        parts=transaction.sources,
        till_id=transaction.till_id,
    )
    journal_id = wallet.post_for(
        transaction,
        sale,
        amount_minor=transaction.amount_minor,
        tax_minor=transaction.tax_minor,
    )
    tip = journals.tip(user_id=user_id, venue_id=venue_id, parts=transaction.tip_sources)
    told_as = transaction.evolve(kind=TransactionKind.TIP)
    wallet.post_for(told_as, tip, amount_minor=transaction.tip_minor)
    return journal_id


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
