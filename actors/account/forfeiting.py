"""Credit that is given up when its account ends: it leaves the wallet by a journal (Rule 9, L8).

Paid credit becomes revenue of the venue where it was paid in, bonus goes back to what promised it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final
from uuid import UUID

from actors.account.state import AccountState
from actors.account.wallet import wallet_of
from actors.rules import journals
from actors.rules.journals import Sale
from actors.runtime.outcome import Context, Outcome
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import CreditSource, Tender, TransactionKind, TransactionStatus
from protocol.records.values import HoldSource

FORFEITED: Final = "forfeited"
"""The kind of revenue that it is."""


def forfeit_one(state: AccountState, context: Context) -> Outcome | None:
    """Empty the lots of one venue and currency; None if nothing is left anywhere.

    A lot of no venue is in no venue's books, and stays where it is.
    """
    lots: defaultdict[tuple[UUID, str], list[CreditGrant]] = defaultdict(list)
    for lot in state.all(CreditGrant):
        if lot.venue_id is not None and lot.remaining_minor > 0:
            lots[lot.venue_id, lot.currency].append(lot)
    if not lots:
        return None
    (venue_id, currency), given_up = next(iter(lots.items()))
    wallet = wallet_of(state, context, venue_id=venue_id, currency=currency)
    amount_minor = sum(lot.remaining_minor for lot in given_up)
    transaction = Transaction(
        id=context.fresh_id(),
        venue_id=venue_id,
        user_id=state.user_id,
        kind=TransactionKind.ADJUSTMENT,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=-amount_minor,
        currency=currency,
        business_day=wallet.business_day,
        reason=FORFEITED,
        created_by=None,
        occurred_at=context.now,
        posted_at=context.now,
    )
    wallet.put(transaction)
    for source in CreditSource:
        parts = tuple(
            HoldSource(grant_id=lot.id, amount_minor=lot.remaining_minor, source=lot.source.value)
            for lot in given_up
            if lot.source is source
        )
        minor = sum(part.amount_minor for part in parts)
        if source is CreditSource.PAID:
            sale = Sale(revenue_kind=FORFEITED, gross_minor=minor, tax_minor=0)
            draft = journals.purchase(
                user_id=state.user_id,
                venue_id=venue_id,
                sales=(sale,) if minor else (),
                parts=parts,
                source=f"{FORFEITED}:paid",
            )
        else:
            draft = journals.expire_bonus(
                user_id=state.user_id,
                venue_id=venue_id,
                parts=parts,
                source=f"{FORFEITED}:bonus",
            )
        if minor:
            wallet.post_for(transaction, draft, amount_minor=-minor)
    for lot in given_up:
        wallet.put(lot.evolve(remaining_minor=0))
    return wallet.outcome(FORFEITED)
