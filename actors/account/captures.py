"""What becomes of reserved credit when it is due: a sale without goods, with a receipt (Rule 9)."""

from __future__ import annotations

from typing import Final

import attrs

from actors.account.receipts import order_receipt
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.journals import Sale
from actors.runtime.outcome import Context, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.internal.orders import PricedLine, RevenueBooked
from protocol.records.money import CreditHold, Transaction
from protocol.records.money_states import (
    HoldPurpose,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import HoldSource

DEPOSIT: Final = "deposit"
TAB: Final = "tab"
"""The kinds of revenue that captured holds are."""


@attrs.frozen(kw_only=True)
class Captured:
    """A hold that is over. `transaction` is None if nothing was captured."""

    hold: CreditHold
    transaction: Transaction | None
    outcome: Outcome


def capture_hold(
    state: AccountState,
    context: Context,
    hold: CreditHold,
    capture_minor: int,
    *,
    note: str | None = None,
) -> Captured:
    """Take `capture_minor` of an open hold, which holds at least that, and give the rest back."""
    assert hold.venue_id is not None, "what is captured is some venue's"
    wallet = wallet_of(state, context, venue_id=hold.venue_id, currency=hold.currency)
    if capture_minor == 0:
        hold = wallet.close_hold(hold)
        return Captured(hold=hold, transaction=None, outcome=wallet.outcome("hold_released"))
    hold, parts = wallet.capture(hold, capture_minor)
    sale = sale_of_capture(hold.purpose, capture_minor)
    kind = sale.revenue_kind
    transaction = _transaction(wallet, context, hold, parts, capture_minor).evolve(note=note)
    wallet.put(transaction)
    draft = journals.usage(
        user_id=wallet.user_id,
        venue_id=wallet.venue_id,
        parts=parts,
        sales=[sale],
        source=f"capture:{hold.id}",
    )
    journal_id = wallet.post_for(transaction, draft, amount_minor=capture_minor)
    line = PricedLine(
        purchase_id=hold.id,
        item_id=None,
        game_id=None,
        name=kind,
        qty=1,
        unit_price_minor=capture_minor,
        total_minor=capture_minor,
        tax_rate_bp=0,
        tax_minor=0,
        standard_drinks_milli=0,
        alcoholic=False,
        revenue_kind=kind,
    )
    receipt = order_receipt(wallet, transaction, (line,), journal_id)
    hold = wallet.close_hold(hold)
    outcome = wallet.outcome("hold_captured")
    booked = RevenueBooked(business_day=wallet.business_day, gross_minor=capture_minor, tax_minor=0)
    told = Send(Address(ActorKind.VENUE, wallet.venue_id), booked, detached=True)
    outcome = attrs.evolve(outcome, appends=(*outcome.appends, receipt), sends=(told,))
    return Captured(hold=hold, transaction=transaction, outcome=outcome)


def sale_of_capture(purpose: str | None, amount_minor: int) -> Sale:
    """What the venue earns by captured credit: it has no lines, and no tax is in it."""
    kind = TAB if purpose == HoldPurpose.TAB else DEPOSIT
    return Sale(revenue_kind=kind, gross_minor=amount_minor, tax_minor=0)


def _transaction(
    wallet: WalletDraft,
    context: Context,
    hold: CreditHold,
    parts: tuple[HoldSource, ...],
    amount_minor: int,
) -> Transaction:
    principal = context.principal
    return Transaction(
        id=wallet.fresh_id(),
        venue_id=wallet.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.PURCHASE,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=amount_minor,
        currency=wallet.currency,
        business_day=wallet.business_day,
        about_id=hold.id,
        sources=parts,
        reason=hold.purpose,
        created_by=None if principal is None else principal.user_id,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )
