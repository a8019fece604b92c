"""What of a transaction may be asked back: per line, or so much of a top-up (Rule 10)."""

from __future__ import annotations

from typing import Final

from actors.account.pending import lines_of
from actors.account.refund_money import refunds_of, unspent_minor
from actors.account.standing import business_day_at, exclusion_now, profile_at
from actors.account.state import AccountState
from actors.rules.refunds import (
    UNDECIDED,
    amount_of,
    refuse_late,
    refuse_late_top_up,
    remainder_of,
)
from actors.runtime.outcome import Context
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.refunds import RequestRefund
from protocol.records.money import Purchase, Refund, Transaction
from protocol.records.money_states import (
    PaymentStatus,
    RefundDestination,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment
from protocol.records.values import RefundLine

_REFUNDABLE: Final = (TransactionKind.PURCHASE, TransactionKind.TOPUP)
_CHARGED_BACK: Final = (PaymentStatus.DISPUTED, PaymentStatus.DISPUTE_LOST)


def is_charged_back(state: AccountState, transaction: Transaction) -> bool:
    """Whether the bank took back, or holds, what paid for it: that money can't go back again."""
    payment = None
    if transaction.payment_id is not None:
        payment = state.get(Payment, transaction.payment_id)
    return payment is not None and payment.status in _CHARGED_BACK


def refuse_kind(
    state: AccountState, transaction: Transaction, command: RequestRefund
) -> Refusal | None:
    """409 for what does not go back by a refund, or not to where it was asked to."""
    to_original = command.destination is RefundDestination.ORIGINAL
    if transaction.kind not in _REFUNDABLE or transaction.status is not TransactionStatus.POSTED:
        why = f"is {transaction.status.value} {transaction.kind.value}"
    elif transaction.kind is TransactionKind.TOPUP and not to_original:
        why = "is credit already; it goes back to the card only"
    elif is_charged_back(state, transaction):
        why = "was charged back at the bank"
    elif state.is_erased and not (to_original and transaction.tender is Tender.CARD):
        why = "is of an account that has ended, and a wallet of nobody takes no credit"
    elif transaction.tender is Tender.CASH and to_original:
        why = "was paid in cash, which is not handed back by this way; ask for credits"
    else:
        return None
    return Refusal(Code.TRANSACTION_NOT_REFUNDABLE, f"transaction {transaction.id} {why}")


def purchase_lines(
    state: AccountState, transaction: Transaction, command: RequestRefund, context: Context
) -> tuple[tuple[RefundLine, ...], int] | Refusal:
    """The lines asked for with their amounts, or why not: remainder first, then the window."""
    if command.amount_minor is not None:
        return _misfit("/amount_minor", "is for top-ups; name the lines of a purchase")
    lines = {line.id: line for line in lines_of(state, transaction.id)}
    known = refunds_of(state, transaction.id)
    wanted = {one.purchase_id: one.qty for one in command.lines} or {
        line.id: rest for line in lines.values() if (rest := remainder_of(line, known).qty) > 0
    }
    found: list[RefundLine] = []
    chosen: list[Purchase] = []
    for purchase_id, qty in wanted.items():
        line = lines.get(purchase_id)
        if line is None:
            return _misfit("/lines", f"{purchase_id} is no line of this purchase")
        left = remainder_of(line, known)
        if qty > left.qty:
            return exceeds(f"{left.qty} of {line.name} are left to refund, not {qty}")
        chosen.append(line)
        amount_minor = amount_of(line, qty, left)
        found.append(RefundLine(purchase_id=line.id, qty=qty, amount_minor=amount_minor))
    total_minor = sum(one.amount_minor for one in found)
    if total_minor == 0:
        return exceeds("nothing is left of this purchase to refund")
    profile = profile_at(context, transaction.venue_id)
    assert profile is not None and transaction.business_day and transaction.posted_at  # noqa: PT018
    late = refuse_late(
        chosen,
        reason_code=command.reason_code.value,
        sold_on=transaction.business_day,
        posted_at=transaction.posted_at,
        today=business_day_at(context, transaction.venue_id),
        now=context.now,
        game_fault_days=profile.settings.game_fault_refund_max_days,
    )
    return late or (tuple(found), total_minor)


def top_up_lines(
    state: AccountState, transaction: Transaction, command: RequestRefund, context: Context
) -> tuple[tuple[RefundLine, ...], int] | Refusal:
    """How much of a top-up is asked for, or why not: what is unspent first, then the window.

    Who is kept out has no use for paid credit, so no house window closes for them (Rule 7).
    """
    if command.lines:
        return _misfit("/lines", "a top-up has no lines; say how much, or nothing for all of it")
    pending_minor = sum(
        refund.amount_minor
        for refund in refunds_of(state, transaction.id)
        if refund.status in UNDECIDED
    )
    left_minor = unspent_minor(state, transaction) - pending_minor
    amount_minor = command.amount_minor or left_minor
    if amount_minor > left_minor or left_minor <= 0:
        return exceeds(f"{max(0, left_minor)} minor of this top-up are unspent and unasked for")
    profile = profile_at(context, transaction.venue_id)
    assert profile is not None
    assert transaction.posted_at is not None
    kept_out = exclusion_now(state, transaction.venue_id, context.now) is not None
    days = None if kept_out else profile.settings.topup_refund_max_days
    late = refuse_late_top_up(posted_at=transaction.posted_at, now=context.now, days=days)
    return late or ((), amount_minor)


def exceeds(detail: str, refund: Refund | None = None) -> Refusal:
    """409 `refund_exceeds_remainder`."""
    of = "" if refund is None else f"refund {refund.id}: "
    return Refusal(Code.REFUND_EXCEEDS_REMAINDER, of + detail)


def _misfit(pointer: str, detail: str) -> Refusal:
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError(pointer, "not_allowed", detail),)
    )
