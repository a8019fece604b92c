"""Undoing a purchase as if it had not been sold: the same day, and nothing of it served (Rule 10).

What was posted is mirrored to the unit and its goods return; whether its day is still open is the
venue's to say. Cash leaves the till that took it, as long as that is open; its staff member says
so. What waits for a card is void at once, and its payment is cancelled.
"""

from __future__ import annotations

from actors.account.captures import sale_of_capture
from actors.account.order_rows import sales_of
from actors.account.outcomes import together
from actors.account.paid import booked
from actors.account.pending import (
    cancel_at_provider,
    lines_of,
    live_payment,
    stock_back,
    told_void,
    void_pending,
)
from actors.account.refund_money import refunds_of
from actors.account.state import AccountState
from actors.account.wallet import wallet_of
from actors.rules import journals
from actors.rules.ledger import mirror
from actors.rules.permissions import not_found, refuse_at_venue
from actors.rules.refunds import DEAD
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.approvals import step_of
from protocol.internal.payments import CheckOpenDay, GiveCashBack, GiveVoid
from protocol.operations.refunds import VoidTransaction
from protocol.records.money import Transaction
from protocol.records.money_states import (
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.platform import AuditEntry
from protocol.replies.refunds import Voided


@decides(VoidTransaction)
def decide_void_transaction(
    state: AccountState, command: VoidTransaction, context: Context
) -> Decision:
    """Say at once what the account can refuse; then ask the venue whether the day is open."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    transaction = state.get(Transaction, command.transaction_id)
    if transaction is None:
        return not_found(f"transaction {command.transaction_id}")
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, transaction.venue_id)
    if refusal is not None:
        return refusal
    if transaction.status is TransactionStatus.PENDING:
        return _void_unpaid(state, transaction, command.reason, context)
    refusal = _refuse_void(state, transaction)
    if transaction.business_day is None or transaction.kind is not TransactionKind.PURCHASE:
        return refusal or _not_voidable(transaction, "is no purchase")
    step = GiveVoid(transaction_id=transaction.id, reason=command.reason)
    check = CheckOpenDay(
        account_id=state.user_id, business_day=transaction.business_day, then=step_of(step)
    )
    venue = Address(ActorKind.VENUE, transaction.venue_id)
    return Outcome(reply=LATER, sends=(Send(venue, check),))


@decides(GiveVoid)
def decide_give_void(state: AccountState, command: GiveVoid, context: Context) -> Decision:
    """The day is open: mirror every journal of the purchase, and let the goods return.

    Cash is asked for first; then this comes again.
    """
    transaction = state.get(Transaction, command.transaction_id)
    assert transaction is not None, "what is voided was looked at"
    if (refusal := _refuse_void(state, transaction)) is not None:
        return refusal
    if transaction.tender is Tender.CASH and not command.cash_given_back:
        return _ask_for_cash(transaction, command)
    lines = lines_of(state, transaction.id)
    wallet = wallet_of(state, context, venue_id=transaction.venue_id, currency=transaction.currency)
    voided = transaction.evolve(status=TransactionStatus.VOIDED, reason=command.reason)
    wallet.put(voided)
    wallet.give_back(transaction.sources)
    sale = journals.purchase(
        user_id=state.user_id,
        venue_id=transaction.venue_id,
        # A captured hold has no lines; its reason is what it was held for.
        sales=sales_of(lines) or [sale_of_capture(transaction.reason, transaction.amount_minor)],
        parts=transaction.sources,
        till_id=transaction.till_id,
    )
    wallet.post(mirror(sale, source="void"), transaction_id=transaction.id)
    if transaction.tip_sources:
        wallet.give_back(transaction.tip_sources)
        tip = journals.tip(
            user_id=state.user_id, venue_id=transaction.venue_id, parts=transaction.tip_sources
        )
        wallet.post(mirror(tip, source="void:tip"), transaction_id=transaction.id)
    reversed_minor = transaction.amount_minor + transaction.tip_minor
    after = voided.evolve(version=transaction.version + 1)
    more = Outcome(
        changes=tuple(line.revised(status=PurchaseStatus.VOIDED) for line in lines),
        appends=(_audit(transaction, command.reason, context),),
        events=(told_void(after, reversed_minor, context),),
        sends=(*stock_back(transaction, lines), *booked(transaction, -1)),
    )
    return together(wallet.outcome("void"), more, reply=_answer(after, reversed_minor))


def _ask_for_cash(transaction: Transaction, command: GiveVoid) -> Decision:
    if transaction.till_id is None or transaction.created_by is None:
        return _not_voidable(transaction, "names no till that its cash is in")
    ask = GiveCashBack(
        void=command,
        account_id=transaction.user_id,
        till_id=transaction.till_id,
        amount_minor=transaction.amount_minor,
    )
    return Outcome(sends=(Send(Address(ActorKind.STAFF, transaction.created_by), ask),))


def _void_unpaid(
    state: AccountState, transaction: Transaction, reason: str, context: Context
) -> Outcome:
    outcome = void_pending(state, transaction, reason, context)
    payment = live_payment(state, transaction.id)
    after = next(row for row in outcome.changes if isinstance(row, Transaction))
    more = Outcome(
        appends=(_audit(transaction, reason, context),), sends=cancel_at_provider(payment)
    )
    return together(outcome, more, reply=_answer(after, 0))


def _refuse_void(state: AccountState, transaction: Transaction) -> Refusal | None:
    if transaction.status is not TransactionStatus.POSTED:
        return _not_voidable(transaction, f"is {transaction.status.value}")
    if transaction.kind is not TransactionKind.PURCHASE:
        return _not_voidable(transaction, f"is a {transaction.kind.value}, no purchase")
    if transaction.tender is Tender.CARD:
        return _not_voidable(transaction, "was paid by card, so it is refunded")
    if state.is_erased and (transaction.sources or transaction.tip_sources):
        return _not_voidable(transaction, "was paid with credits of an account that has ended")
    if any(line.status is not PurchaseStatus.ORDERED for line in lines_of(state, transaction.id)):
        return _not_voidable(transaction, "was served, so it is refunded")
    if any(refund.status not in DEAD for refund in refunds_of(state, transaction.id)):
        return _not_voidable(transaction, "has a refund")
    return None


def _not_voidable(transaction: Transaction, why: str) -> Refusal:
    return Refusal(Code.TRANSACTION_NOT_VOIDABLE, f"transaction {transaction.id} {why}")


def _answer(transaction: Transaction, reversed_minor: int) -> Voided:
    return Voided(
        transaction_id=transaction.id,
        status=transaction.status,
        reversed_minor=reversed_minor,
        currency=transaction.currency,
        version=transaction.version,
    )


def _audit(transaction: Transaction, reason: str, context: Context) -> AuditEntry:
    return audited(
        context,
        "transaction.voided",
        "transaction",
        transaction.id,
        venue_id=transaction.venue_id,
        before={"status": transaction.status.value, "amount_minor": transaction.amount_minor},
        after={"status": TransactionStatus.VOIDED.value, "reason": reason},
    )
