"""Refunds: asked for and decided (Rule 10). A request moves no money; see `refund_money`.

The decider is never the requester. What management may decide in a day is counted at the venue,
so an approval takes its way over it; owners need not ask.
"""

from __future__ import annotations

from actors.account.refund_asking import (
    exceeds,
    is_charged_back,
    purchase_lines,
    refuse_kind,
    top_up_lines,
)
from actors.account.refund_money import give_refund, refunds_of, unspent_minor
from actors.account.refund_telling import refund_view, told_refund
from actors.account.standing import business_day_at
from actors.account.state import AccountState
from actors.rules.approvals import refuse_approval
from actors.rules.permissions import not_found, refuse_at_venue, refuse_object
from actors.rules.refunds import (
    MANAGEMENT_DAY_MAX_MINOR,
    MANAGEMENT_SINGLE_MAX_MINOR,
    UNDECIDED,
    refuse_many,
)
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.approvals import ApprovalKind, ReserveApproval, step_of
from protocol.internal.payments import GiveRefund
from protocol.operations.refunds import DecideRefund, RefundVerdict, RequestRefund
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import (
    RefundDestination,
    RefundStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)


@decides(RequestRefund)
def decide_request_refund(
    state: AccountState, command: RequestRefund, context: Context
) -> Decision:
    """File what is asked for, if it may be at all; nothing moves."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    transaction = state.get(Transaction, command.transaction_id)
    whose = f"transaction {command.transaction_id}"
    if transaction is None:
        return not_found(whose)
    refusal = refuse_object(
        principal,
        owner_id=state.user_id,
        venue_id=transaction.venue_id,
        least=Role.STAFF,
        whose=whose,
    ) or refuse_kind(state, transaction, command)
    if refusal is not None:
        return refusal
    found = (
        top_up_lines(state, transaction, command, context)
        if transaction.kind is TransactionKind.TOPUP
        else purchase_lines(state, transaction, command, context)
    )
    if isinstance(found, Refusal):
        return found
    lines, amount_minor = found
    known = refunds_of(state, transaction.id)
    if any(refund.status in UNDECIDED for refund in known):
        return Refusal(
            Code.REFUND_PENDING, f"a refund of {whose} waits for its decision; wait for it"
        )
    to_card = _goes_to_card(transaction, command.destination)
    payment_id = transaction.payment_id if to_card else None
    if (refusal := refuse_many(known, payment_id)) is not None:
        return refusal
    refund = Refund(
        id=context.fresh_id(),
        transaction_id=transaction.id,
        venue_id=transaction.venue_id,
        user_id=state.user_id,
        lines=lines,
        amount_minor=amount_minor,
        currency=transaction.currency,
        destination=command.destination,
        status=RefundStatus.REQUESTED,
        reason_code=command.reason_code.value,
        requested_by=principal.user_id,
        requested_at=context.now,
        payment_id=payment_id,
        note=command.note,
    )
    told = told_refund(refund, RefundStatus.REQUESTED, RefundStatus.REQUESTED, principal.user_id)
    return Outcome(reply=refund_view(refund), changes=(refund,), events=(told,))


@decides(DecideRefund)
def decide_decide_refund(state: AccountState, command: DecideRefund, context: Context) -> Decision:
    """Reject it, or have it done: at once by an owner, else once the venue has counted it."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    refund = state.get(Refund, command.refund_id)
    if refund is None:
        return not_found(f"refund {command.refund_id}")
    if (refusal := refuse_at_venue(principal, Role.MANAGEMENT, refund.venue_id)) is not None:
        return refusal
    if command.decision is not RefundVerdict.APPROVE:
        return _refuse_decider(refund, context) or _rejected(refund, command, context)
    amount_minor = command.amount_minor or refund.amount_minor
    limited = principal.role_at(refund.venue_id) < Role.OWNER
    refusal = (_refuse_amount(amount_minor) if limited else None) or _refuse_giving(
        state, refund, amount_minor, context
    )
    if refusal is not None:
        return refusal
    step = GiveRefund(refund_id=refund.id, amount_minor=amount_minor, note=command.note)
    if not limited:
        return decide_give_refund(state, step, context)
    reserve = ReserveApproval(
        account_id=state.user_id,
        decider_id=principal.user_id,
        business_day=business_day_at(context, refund.venue_id),
        kind=ApprovalKind.REFUND,
        amount_minor=amount_minor,
        single_max_minor=MANAGEMENT_SINGLE_MAX_MINOR,
        day_max_minor=MANAGEMENT_DAY_MAX_MINOR,
        then=step_of(step),
    )
    venue = Address(ActorKind.VENUE, refund.venue_id)
    return Outcome(reply=LATER, sends=(Send(venue, reserve),))


@decides(GiveRefund)
def decide_give_refund(state: AccountState, command: GiveRefund, context: Context) -> Decision:
    """It is approved and counted: do it, unless something came between."""
    refund = state.get(Refund, command.refund_id)
    assert refund is not None, "a refund that was decided on is there"
    refusal = _refuse_giving(state, refund, command.amount_minor, context)
    if refusal is not None:
        return refusal
    return give_refund(state, refund, command.amount_minor, command.note, context)


def _rejected(refund: Refund, command: DecideRefund, context: Context) -> Outcome:
    assert context.principal is not None
    decider = context.principal.user_id
    rejected = refund.revised(
        status=RefundStatus.REJECTED,
        decided_by=decider,
        decided_at=context.now,
        note=command.note or refund.note,
    )
    entry = audited(
        context, "refund.rejected", "refund", refund.id, venue_id=refund.venue_id,
        after={"amount_minor": refund.amount_minor},
    )  # fmt: skip
    return Outcome(
        reply=refund_view(rejected),
        changes=(rejected,),
        appends=(entry,),
        events=(told_refund(rejected, refund.status, rejected.status, decider),),
    )


def _refuse_amount(amount_minor: int) -> Refusal | None:
    return refuse_approval(
        amount_minor=amount_minor,
        used_minor=0,
        single_max_minor=MANAGEMENT_SINGLE_MAX_MINOR,
        day_max_minor=MANAGEMENT_DAY_MAX_MINOR,
    )


def _refuse_decider(refund: Refund, context: Context) -> Refusal | None:
    assert context.principal is not None, "somebody decides"
    if context.principal.user_id in (refund.requested_by, refund.user_id):
        return Refusal(
            Code.SELF_APPROVAL, "nobody decides their own request; ask somebody else of management"
        )
    if refund.status is not RefundStatus.REQUESTED:
        return Refusal(
            Code.REFUND_DECIDED,
            f"refund {refund.id} is {refund.status.value}",
            extra={"refund_status": refund.status.value},
        )
    return None


def _refuse_giving(
    state: AccountState, refund: Refund, amount_minor: int, context: Context
) -> Refusal | None:
    """Why this much of it can't be given; rejecting asks for none of it (Rule 10)."""
    if (refusal := _refuse_decider(refund, context)) is not None:
        return refusal
    if amount_minor > refund.amount_minor:
        return exceeds(f"{refund.amount_minor} were asked for, not {amount_minor}", refund)
    transaction = state.get(Transaction, refund.transaction_id)
    if transaction is None or transaction.status is not TransactionStatus.POSTED:
        return exceeds("nothing is left of the transaction", refund)
    if state.is_erased and refund.payment_id is None:
        return exceeds("the account has ended, and its wallet takes no credit", refund)
    if is_charged_back(state, transaction):
        return exceeds("the bank has taken it back, so nothing is left", refund)
    if transaction.kind is TransactionKind.TOPUP:
        left_minor = unspent_minor(state, transaction)
        if amount_minor > left_minor:
            return exceeds(f"{left_minor} minor of the top-up are unspent", refund)
    return None


def _goes_to_card(transaction: Transaction, destination: RefundDestination) -> bool:
    return destination is RefundDestination.ORIGINAL and transaction.tender is Tender.CARD
