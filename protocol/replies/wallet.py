"""Answers about what is done with a wallet besides buying."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.money_states import HoldPurpose, HoldStatus, TransactionStatus
from protocol.replies.base import reply
from protocol.replies.transactions import Balance
from protocol.values import Amount, Currency, SignedAmount


@reply
class Granted:
    """Bonus credits given. The receiver's balance is theirs to see."""

    transaction_id: UUID
    grant_id: UUID
    user_id: UUID
    status: TransactionStatus
    amount_minor: Amount
    currency: Currency
    priority: int
    expires_at: datetime | None


@reply
class Adjusted:
    """A manual journal, posted."""

    transaction_id: UUID
    journal_id: UUID
    status: TransactionStatus
    amount_minor: SignedAmount
    currency: Currency


@reply
class Transferred:
    """A gift that has arrived. `balance` is the giver's."""

    transaction_id: UUID
    status: TransactionStatus
    amount_minor: Amount
    currency: Currency
    balance: Balance


@reply
class HoldPlaced:
    """Credits reserved until `expires_at`."""

    hold_id: UUID
    status: HoldStatus
    purpose: HoldPurpose
    amount_minor: Amount
    currency: Currency
    expires_at: datetime
    balance: Balance
    version: int


@reply
class HoldSettled:
    """What was taken of a hold and what returned; `transaction_id` is null if nothing was taken."""

    hold_id: UUID
    status: HoldStatus
    captured_minor: Amount
    released_minor: Amount
    currency: Currency
    transaction_id: UUID | None
    version: int


@reply
class TipAdded:
    """A tip for `purchase_id`; it has a transaction of its own."""

    transaction_id: UUID
    purchase_id: UUID
    status: TransactionStatus
    amount_minor: Amount
    currency: Currency
    balance: Balance
