"""What a receipt says. Its number and the hash of its journal are given in the flush (Rule 9).

A receipt is written once, with the business it is about, and never changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from actors.account.wallet import WalletDraft
from protocol.codec import encode
from protocol.internal.orders import PricedLine
from protocol.internal.shortening import ShortenVisit
from protocol.internal.visits import SettleVisit
from protocol.records.money import Purchase, Receipt, Transaction
from protocol.records.money_states import PurchaseStatus


def order_receipt(
    wallet: WalletDraft,
    transaction: Transaction,
    lines: Iterable[PricedLine | Purchase],
    journal_id: UUID | None,
) -> Receipt:
    """Of a purchase: its lines, and the tax by rate."""
    tax_by_rate: defaultdict[str, int] = defaultdict(int)
    shown: list[dict[str, Any]] = []
    for line in lines:
        tax_by_rate[str(line.tax_rate_bp)] += line.tax_minor
        shown.append(
            {
                "name": line.name,
                "qty": line.qty,
                "unit_price_minor": line.unit_price_minor,
                "total_minor": line.total_minor,
                "tax_rate_bp": line.tax_rate_bp,
                "tax_minor": line.tax_minor,
            }
        )
    more = {"lines": shown, "tax_by_rate_bp": dict(tax_by_rate), "tip_minor": transaction.tip_minor}
    return _of_transaction(wallet, transaction, more, journal_id)


def top_up_receipt(
    wallet: WalletDraft, transaction: Transaction, bonus_minor: int, journal_id: UUID | None
) -> Receipt:
    """Of money paid in: it is no revenue and has no tax."""
    return _of_transaction(wallet, transaction, {"bonus_minor": bonus_minor}, journal_id)


def visit_receipt(
    command: SettleVisit | ShortenVisit,
    *,
    wallet: WalletDraft,
    purchases: Iterable[Purchase],
    time_minor: int,
    journal_id: UUID | None,
) -> Receipt:
    """Of a visit: its time, and what was bought meanwhile, which has receipts of its own.

    Of a visit that ended earlier than its first receipt says, the receipt that corrects it.
    """
    kept = [line for line in purchases if line.status is not PurchaseStatus.VOIDED]
    purchases_minor = sum(line.total_minor for line in kept)
    body = {
        "kind": "visit",
        "currency": wallet.currency,
        "business_day": command.business_day.isoformat(),
        "started_at": encode(command.started_at),
        "ended_at": encode(command.ended_at),
        "duration_ms": command.duration_ms,
        "time": encode(command.summary),
        "time_minor": time_minor,
        "purchases": [
            {
                "transaction_id": str(line.transaction_id),
                "name": line.name,
                "qty": line.qty,
                "total_minor": line.total_minor,
            }
            for line in kept
        ],
        "purchases_minor": purchases_minor,
        "total_minor": time_minor + purchases_minor,
    }
    if isinstance(command, ShortenVisit):
        body["corrects"] = str(command.corrects)
    return _receipt(wallet, body, journal_id, session_id=command.session_id)


def _of_transaction(
    wallet: WalletDraft, transaction: Transaction, more: dict[str, Any], journal_id: UUID | None
) -> Receipt:
    assert transaction.business_day is not None
    body = {
        "kind": transaction.kind.value,
        "currency": transaction.currency,
        "business_day": transaction.business_day.isoformat(),
        "tender": transaction.tender.value,
        "total_minor": transaction.amount_minor,
        "tax_minor": transaction.tax_minor,
        **more,
    }
    return _receipt(wallet, body, journal_id, transaction_id=transaction.id)


def _receipt(
    wallet: WalletDraft,
    body: dict[str, Any],
    journal_id: UUID | None,
    *,
    transaction_id: UUID | None = None,
    session_id: UUID | None = None,
) -> Receipt:
    return Receipt(
        id=wallet.fresh_id(),
        venue_id=wallet.venue_id,
        transaction_id=transaction_id,
        session_id=session_id,
        user_id=wallet.user_id,
        body=body,
        journal_id=journal_id,
        issued_at=wallet.now,
    )
