"""What credit that ends and credit that is given up have in common: nobody asked for it.

A journal is in one venue's books, so one venue is written off at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from actors.account.wallet import WalletDraft
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import Tender, TransactionKind, TransactionStatus


def lots_of_one_venue(lots: Iterable[CreditGrant]) -> tuple[UUID, str, list[CreditGrant]] | None:
    """The first venue and currency in whose books some of these lots are, with those lots.

    A lot of no venue is in no venue's books, and stays where it is.
    """
    found: defaultdict[tuple[UUID, str], list[CreditGrant]] = defaultdict(list)
    for lot in lots:
        if lot.venue_id is not None:
            found[lot.venue_id, lot.currency].append(lot)
    for (venue_id, currency), first in found.items():
        return venue_id, currency, first
    return None


def write_off(wallet: WalletDraft, amount_minor: int, reason: str) -> Transaction:
    """Put into the wallet that `amount_minor` leaves it, without anybody's doing."""
    transaction = Transaction(
        id=wallet.fresh_id(),
        venue_id=wallet.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.ADJUSTMENT,
        status=TransactionStatus.POSTED,
        tender=Tender.CREDITS,
        amount_minor=-amount_minor,
        currency=wallet.currency,
        business_day=wallet.business_day,
        reason=reason,
        created_by=None,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )
    wallet.put(transaction)
    return transaction
