"""Bonus credit that people of the venue give, and plays that come back (Rules 4 and 9).

What managers give away is counted by the venue, for each of them and business day; owners are
bound by no limit, so for them nobody is asked.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from actors.account.standing import (
    business_day_at,
    profile_at,
    refuse_exclusion,
    refuse_inactive,
)
from actors.account.state import AccountState
from actors.account.wallet import GRANT_PRIORITY, WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.giving import FAULT_WINDOW, GRANT_DAY_MAX_MINOR, GRANT_ONCE_MAX_MINOR
from actors.rules.permissions import not_found, refuse_at_venue
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.approvals import ApprovalKind, ReserveApproval, step_of
from protocol.internal.wallet import GiveBackPlay, PostGrant
from protocol.operations.wallet import GrantCredits
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    CreditSource,
    GrantReason,
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.replies.wallet import Granted

_TAKEN_BACK = (PurchaseStatus.VOIDED, PurchaseStatus.REFUNDED)


@decides(GrantCredits)
def decide_grant_credits(state: AccountState, command: GrantCredits, context: Context) -> Decision:
    """Have the venue count what a manager gives; an owner's is given at once."""
    principal, venue_id = context.principal, command.venue_id
    assert principal is not None, "a command of the contract has a principal"
    if profile_at(context, venue_id) is None:
        return not_found(f"venue {venue_id}")
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, venue_id)
    if refusal is not None:
        return refusal
    step = PostGrant(grant=command, user_id=state.user_id, transaction_id=context.fresh_id())
    if principal.role_at(venue_id) >= Role.OWNER:
        return decide_post_grant(state, step, context)
    reserve = ReserveApproval(
        account_id=state.user_id,
        decider_id=principal.user_id,
        business_day=business_day_at(context, venue_id),
        kind=ApprovalKind.GRANT,
        amount_minor=command.amount_minor,
        single_max_minor=GRANT_ONCE_MAX_MINOR,
        day_max_minor=GRANT_DAY_MAX_MINOR,
        then=step_of(step),
    )
    return Outcome(reply=LATER, sends=(Send(Address(ActorKind.VENUE, venue_id), reserve),))


@decides(PostGrant)
def decide_post_grant(state: AccountState, command: PostGrant, context: Context) -> Decision:
    """Give it, unless the receiver is excluded; what was counted for it is free again then."""
    asked, principal = command.grant, context.principal
    profile = profile_at(context, asked.venue_id)
    assert profile is not None, f"venue {asked.venue_id} counted a grant and has shared no profile"
    refusal = (
        refuse_exclusion(state, asked.venue_id, context.now)
        or refuse_inactive(state, Code.FORBIDDEN)
        or _refuse_expiry(asked.expires_at, context.now)
    )
    if refusal is not None:
        return refusal
    wallet = wallet_of(state, context, venue_id=asked.venue_id, currency=profile.currency)
    transaction = _transaction(
        wallet,
        command.transaction_id,
        asked.amount_minor,
        reason=asked.reason_code,
        created_by=None if principal is None else principal.user_id,
    ).evolve(note=asked.note)
    grant_id = _give(wallet, transaction, expires_at=asked.expires_at, priority=asked.priority)
    line = audited(
        context,
        "credits.granted",
        "user",
        state.user_id,
        venue_id=asked.venue_id,
        after={
            "transaction_id": transaction.id,
            "amount_minor": asked.amount_minor,
            "reason_code": asked.reason_code,
        },
    )
    outcome = wallet.outcome("grant")
    answer = Granted(
        transaction_id=transaction.id,
        grant_id=grant_id,
        user_id=state.user_id,
        status=transaction.status,
        amount_minor=asked.amount_minor,
        currency=wallet.currency,
        priority=asked.priority,
        expires_at=asked.expires_at,
    )
    return attrs.evolve(outcome, reply=answer, appends=(*outcome.appends, line))


@decides(GiveBackPlay)
def decide_give_back_play(state: AccountState, command: GiveBackPlay, context: Context) -> Decision:
    """Give the last play before a fault back as bonus, once (Rule 4)."""
    play = _last_play(state, command)
    profile = profile_at(context, command.venue_id)
    if play is None or profile is None or state.is_erased:
        return Outcome()
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=profile.currency)
    transaction = _transaction(
        wallet,
        context.fresh_id(),
        play.unit_price_minor,
        reason=GrantReason.GAME_FAULT,
        created_by=command.reported_by,
    ).evolve(about_id=play.id)
    _give(wallet, transaction, expires_at=None, priority=GRANT_PRIORITY)
    line = audited(
        context,
        "credits.play_given_back",
        "user",
        state.user_id,
        venue_id=command.venue_id,
        after={"game_id": command.game_id, "amount_minor": play.unit_price_minor},
    )
    outcome = wallet.outcome("game_fault")
    return attrs.evolve(outcome, appends=(*outcome.appends, line))


def _last_play(state: AccountState, command: GiveBackPlay) -> Purchase | None:
    since = command.reported_at - FAULT_WINDOW
    given_back = {grant.about_id for grant in state.posted(TransactionKind.GRANT)}
    plays = [
        play
        for play in state.all(Purchase)
        if play.game_id == command.game_id
        and play.venue_id == command.venue_id
        and since <= play.created_at <= command.reported_at
        and play.status not in _TAKEN_BACK
        and state.is_paid(play)
    ]
    last = max(plays, key=lambda play: play.created_at, default=None)
    if last is None or last.id in given_back or last.unit_price_minor == 0:
        return None
    return last


def _refuse_expiry(expires_at: datetime | None, now: datetime) -> Refusal | None:
    if expires_at is None or expires_at > now:
        return None
    detail = f"must be in the future; it is {now.isoformat()} now"
    return Refusal(
        Code.VALIDATION_FAILED,
        detail,
        errors=(FieldError("/expires_at", "out_of_range", detail),),
    )


def _transaction(
    wallet: WalletDraft,
    transaction_id: UUID,
    amount_minor: int,
    *,
    reason: GrantReason,
    created_by: UUID | None,
) -> Transaction:
    return Transaction(
        id=transaction_id,
        venue_id=wallet.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.GRANT,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=amount_minor,
        currency=wallet.currency,
        business_day=wallet.business_day,
        reason=reason.value,
        created_by=created_by,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )


def _give(
    wallet: WalletDraft, transaction: Transaction, *, expires_at: datetime | None, priority: int
) -> UUID:
    """Post a grant: promo −b, bonus +b. Returns the id of its lot."""
    lot_id = wallet.fresh_id()
    wallet.put(transaction)
    wallet.add_lot(
        lot_id,
        CreditSource.BONUS,
        transaction.amount_minor,
        transaction_id=transaction.id,
        expires_at=expires_at,
        priority=priority,
        reason=transaction.reason,
    )
    draft = journals.grant_bonus(
        user_id=wallet.user_id,
        venue_id=wallet.venue_id,
        amount_minor=transaction.amount_minor,
        grant_id=lot_id,
    )
    wallet.post_for(transaction, draft, amount_minor=transaction.amount_minor)
    return lot_id
