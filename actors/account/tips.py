"""A tip for what was bought: paid credit that the venue owes to its staff, never revenue (Rule 9).

It is a transaction of its own, about the purchase; a tip given with the purchase is part of that.
"""

from __future__ import annotations

from uuid import UUID

import attrs

from actors.account.standing import acts_for_another, refuse_spend
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.permissions import not_found
from actors.rules.tips import refuse_late_tip, refuse_tip
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.wallet import AllotTip
from protocol.operations.wallet import AddTip
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import Tender, TransactionKind, TransactionStatus
from protocol.records.values import HoldSource
from protocol.replies.transactions import Balance
from protocol.replies.wallet import TipAdded


@decides(AddTip)
def decide_add_tip(state: AccountState, command: AddTip, context: Context) -> Decision:
    """Take the tip from paid credit, and tell whoever served; with nobody it is for all."""
    if acts_for_another(state, context):
        return not_found(f"transaction {command.transaction_id}")
    sale = state.get(Transaction, command.transaction_id)
    if sale is None:
        # Found by its row, so it was here; what is not loaded was posted weeks ago.
        return Refusal(Code.TIP_WINDOW_CLOSED, "tips are taken for 24 hours after a purchase")
    if sale.kind is not TransactionKind.PURCHASE or sale.status is not TransactionStatus.POSTED:
        return not_found(f"a purchase {command.transaction_id}")
    assert sale.posted_at is not None, "it is posted"
    wallet = wallet_of(state, context, venue_id=sale.venue_id, currency=sale.currency)
    amount_minor = command.amount_minor
    refusal = (
        _refuse_second(state, sale)
        or refuse_late_tip(sale.posted_at, context.now)
        or refuse_tip(amount_minor, sale.amount_minor, pointer="/amount_minor")
        or refuse_spend(state, amount_minor, wallet.business_day, context.now)
    )
    if refusal is not None:
        return refusal
    parts = wallet.take(amount_minor, paid_only=True)
    if isinstance(parts, Refusal):
        return parts
    tip = _transaction(wallet, sale, amount_minor, parts)
    wallet.put(tip)
    draft = journals.tip(user_id=state.user_id, venue_id=sale.venue_id, parts=parts)
    wallet.post_for(tip, draft, amount_minor=amount_minor)
    answer = TipAdded(
        transaction_id=tip.id,
        purchase_id=sale.id,
        status=tip.status,
        amount_minor=amount_minor,
        currency=wallet.currency,
        balance=Balance(
            available_minor=wallet.available_minor, held_minor=wallet.balances.held_minor
        ),
    )
    return attrs.evolve(wallet.outcome("tip"), reply=answer, sends=_allotting(state, sale, tip))


def _refuse_second(state: AccountState, sale: Transaction) -> Refusal | None:
    tipped = any(tip.about_id == sale.id for tip in state.posted(TransactionKind.TIP))
    if not tipped and sale.tip_minor == 0:
        return None
    return Refusal(Code.TIP_ALREADY_ADDED, f"purchase {sale.id} has its tip; one each")


def _allotting(state: AccountState, sale: Transaction, tip: Transaction) -> tuple[Send, ...]:
    """Who served is told: whoever brought it, else the staff member who took the order."""
    brought = (
        line.served_by
        for line in state.all(Purchase)
        if line.transaction_id == sale.id and line.served_by is not None
    )
    ordered = sale.created_by if sale.created_by != state.user_id else None
    served_by: UUID | None = next(brought, ordered)
    if served_by is None or tip.business_day is None:
        return ()
    allot = AllotTip(
        transaction_id=tip.id,
        amount_minor=tip.amount_minor,
        currency=tip.currency,
        business_day=tip.business_day,
        venue_id=tip.venue_id,
    )
    return (Send(Address(ActorKind.STAFF, served_by), allot, detached=True),)


def _transaction(
    wallet: WalletDraft, sale: Transaction, amount_minor: int, parts: tuple[HoldSource, ...]
) -> Transaction:
    return Transaction(
        id=wallet.fresh_id(),
        venue_id=sale.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.TIP,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=amount_minor,
        currency=wallet.currency,
        business_day=wallet.business_day,
        session_id=sale.session_id,
        about_id=sale.id,
        sources=parts,
        created_by=wallet.user_id,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )
