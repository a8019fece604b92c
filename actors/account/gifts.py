"""A gift from one patron to another: paid credit, in transit between two accounts (Rule 9).

Chain: giver (paid −, transit +) → receiver (transit −, paid +) → giver answers. If the receiver
can't take it, the giver's half is mirrored, and nobody learns why.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import attrs

from actors.account.standing import (
    business_day_at,
    exclusion_now,
    profile_at,
    refuse_exclusion,
    refuse_inactive,
    refuse_top_up,
)
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.giving import UNAVAILABLE, refuse_gift
from actors.rules.ledger import mirror
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.wallet import GiftTaken, ReceiveGift, ReturnGift, TakeBackGift
from protocol.operations.wallet import TransferCredits
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import (
    CreditSource,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.states import AuthTokenKind
from protocol.records.users import AuthToken
from protocol.replies.transactions import Balance
from protocol.replies.wallet import Transferred

GIVEN: Final = "gift_out"
TAKEN: Final = "gift_in"
"""Sources of the two halves' journals, and reasons of their transactions."""
_NOWHERE: Final = Refusal(
    Code.INSUFFICIENT_CREDITS, "there is no credit in this wallet yet; top up first"
)


@decides(TransferCredits)
def decide_transfer_credits(
    state: AccountState, command: TransferCredits, context: Context
) -> Decision:
    """Put the gift in transit, out of paid credit alone."""
    receiver_id = command.to_user_id or command.code_owner_id
    if receiver_id is None:
        return Refusal(Code.NOT_FOUND, "this code is not here, or was used")
    venue_id = command.venue_id or _last_venue(state)
    if venue_id is None:
        return _NOWHERE
    profile = profile_at(context, venue_id)
    if profile is None:
        return not_found(f"venue {venue_id}")
    wallet = wallet_of(state, context, venue_id=venue_id, currency=profile.currency)
    amount_minor = command.amount_minor
    refusal = (
        refuse_inactive(state, Code.TRANSFER_NOT_ALLOWED)
        or refuse_exclusion(state, venue_id, context.now)
        or _refuse_self(state, receiver_id)
        or refuse_gift(_given_on(state, wallet.business_day), amount_minor)
    )
    if refusal is not None:
        return refusal
    parts = wallet.take(amount_minor, paid_only=True)
    if isinstance(parts, Refusal):
        return parts
    taken_id = context.fresh_id()
    gift = _transaction(wallet, context.fresh_id(), taken_id, -amount_minor, GIVEN).evolve(
        sources=parts, note=command.message, created_by=state.user_id
    )
    wallet.put(gift)
    draft = journals.gift_out(user_id=state.user_id, parts=parts, source=GIVEN)
    wallet.post_for(gift, draft, amount_minor=-amount_minor)
    step = ReceiveGift(
        giver_id=state.user_id,
        venue_id=venue_id,
        currency=wallet.currency,
        amount_minor=amount_minor,
        given_id=gift.id,
        taken_id=taken_id,
        code_id=command.code_id,
        message=command.message,
    )
    undo = TakeBackGift(given_id=gift.id) if context.in_saga else None
    receiver = Address(ActorKind.ACCOUNT, receiver_id)
    return attrs.evolve(
        wallet.outcome("gift_given"), reply=LATER, sends=(Send(receiver, step, undo=undo),)
    )


@decides(ReceiveGift)
def decide_receive_gift(state: AccountState, command: ReceiveGift, context: Context) -> Decision:
    """Take the gift out of transit; why not, if not, is nobody else's to know."""
    token = None if command.code_id is None else _usable_code(state, command.code_id, context)
    if command.code_id is not None and token is None:
        return not_found("this code")
    if _can_not_take(state, command, context):
        return UNAVAILABLE
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=command.currency)
    lot_id = context.fresh_id()
    gift = _transaction(
        wallet, command.taken_id, command.given_id, command.amount_minor, TAKEN
    ).evolve(note=command.message, created_by=command.giver_id)
    wallet.put(gift)
    wallet.add_lot(lot_id, CreditSource.PAID, command.amount_minor, transaction_id=gift.id)
    # A gift is no venue's doing, whichever one's books it went through.
    wallet.put(wallet.lots[lot_id].evolve(venue_id=None))
    draft = journals.gift_in(
        user_id=state.user_id, amount_minor=command.amount_minor, grant_id=lot_id, source=TAKEN
    )
    wallet.post_for(gift, draft, amount_minor=command.amount_minor)
    outcome = wallet.outcome("gift_taken")
    used = () if token is None else (token.revised(used_at=context.now),)
    answer = GiftTaken(given_id=command.given_id)
    giver = Address(ActorKind.ACCOUNT, command.giver_id)
    undo = ReturnGift(taken_id=gift.id, code_id=command.code_id, giver_id=command.giver_id)
    told = Send(giver, answer, undo=undo if context.in_saga else None, undoes_cause=True)
    return attrs.evolve(outcome, changes=(*outcome.changes, *used), sends=(told,))


@decides(ReturnGift)
def decide_return_gift(state: AccountState, command: ReturnGift, context: Context) -> Decision:
    """The giver has it back: what is left of paid credit pays for that, the rest is owed."""
    gift = state.get(Transaction, command.taken_id)
    if gift is None or gift.status is not TransactionStatus.POSTED:
        return Outcome()
    wallet = wallet_of(state, context, venue_id=gift.venue_id, currency=gift.currency)
    parts = wallet.take_left(CreditSource.PAID, gift.amount_minor)
    gift = gift.evolve(status=TransactionStatus.VOIDED)
    wallet.put(gift)
    draft = journals.gift_returned(
        user_id=state.user_id,
        amount_minor=gift.amount_minor,
        parts=parts,
        source=f"mirror:{TAKEN}",
    )
    wallet.post_for(gift, draft, amount_minor=-gift.amount_minor)
    outcome = wallet.outcome("gift_returned")
    token = None if command.code_id is None else state.get(AuthToken, command.code_id)
    unused = () if token is None else (token.revised(used_at=None),)
    sends: tuple[Send, ...] = ()
    if command.giver_id is not None and gift.about_id is not None:
        # In transit once more; only now can it go back to where it came from.
        back = TakeBackGift(given_id=gift.about_id)
        sends = (Send(Address(ActorKind.ACCOUNT, command.giver_id), back),)
    return attrs.evolve(outcome, changes=(*outcome.changes, *unused), sends=sends)


@decides(GiftTaken)
def decide_gift_taken(state: AccountState, command: GiftTaken, context: Context) -> Decision:
    """It has arrived: answer."""
    gift = state.get(Transaction, command.given_id)
    if gift is None or not context.in_saga:
        return Outcome()
    available_minor = state.available_minor(gift.currency, context.now)
    held_minor = state.credits(gift.currency).held_minor
    return Outcome(
        reply=Transferred(
            transaction_id=gift.id,
            status=gift.status,
            amount_minor=-gift.amount_minor,
            currency=gift.currency,
            balance=Balance(available_minor=available_minor, held_minor=held_minor),
        )
    )


@decides(TakeBackGift)
def decide_take_back_gift(state: AccountState, command: TakeBackGift, context: Context) -> Decision:
    """Nobody took it: mirror the giver's half, into the very lots that it came from."""
    gift = state.get(Transaction, command.given_id)
    if gift is None or gift.status is not TransactionStatus.POSTED:
        return Outcome()
    wallet = wallet_of(state, context, venue_id=gift.venue_id, currency=gift.currency)
    given = journals.gift_out(user_id=state.user_id, parts=gift.sources, source=GIVEN)
    gift = gift.evolve(status=TransactionStatus.VOIDED)
    wallet.put(gift)
    wallet.give_back(gift.sources)
    draft = mirror(given, source=f"mirror:{GIVEN}")
    wallet.post_for(gift, draft, amount_minor=-gift.amount_minor)
    return wallet.outcome("gift_returned")


def _last_venue(state: AccountState) -> UUID | None:
    """Where somebody is a guest, or was one last, as far as money tells."""
    if state.visit is not None:
        return state.visit.venue_id
    last = max(state.all(Transaction), key=lambda one: one.occurred_at, default=None)
    if last is not None:
        return last.venue_id
    lots = [lot.venue_id for lot in state.all(CreditGrant) if lot.venue_id is not None]
    return lots[-1] if lots else None


def _given_on(state: AccountState, day: date) -> list[int]:
    return [
        -gift.amount_minor
        for gift in state.posted(TransactionKind.TRANSFER)
        if gift.business_day == day and gift.amount_minor < 0
    ]


def _refuse_self(state: AccountState, receiver_id: UUID) -> Refusal | None:
    if receiver_id != state.user_id:
        return None
    return Refusal(Code.TRANSFER_NOT_ALLOWED, "a gift is for somebody else than oneself")


def _usable_code(state: AccountState, code_id: UUID, context: Context) -> AuthToken | None:
    token = state.get(AuthToken, code_id)
    if token is None or token.kind is not AuthTokenKind.TRANSFER_CODE:
        return None
    return token if token.used_at is None and context.now < token.expires_at else None


def _can_not_take(state: AccountState, command: ReceiveGift, context: Context) -> bool:
    today = business_day_at(context, command.venue_id)
    return (
        refuse_inactive(state, Code.FORBIDDEN) is not None
        or exclusion_now(state, command.venue_id, context.now) is not None
        or state.credits(command.currency).receivable_minor < 0
        or refuse_top_up(state, command.amount_minor, today, context.now) is not None
    )


def _transaction(
    wallet: WalletDraft, transaction_id: UUID, other_id: UUID, amount_minor: int, reason: str
) -> Transaction:
    """One half of a gift: negative for who gives it."""
    return Transaction(
        id=transaction_id,
        venue_id=wallet.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.TRANSFER,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=amount_minor,
        currency=wallet.currency,
        business_day=wallet.business_day,
        about_id=other_id,
        reason=reason,
        created_by=None,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )
