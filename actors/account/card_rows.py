"""What an account loads for refunds and cards, and the modules that decide them.

A top-up can go back to its card for a year at most, a play with a fault for a month; chargebacks
come whenever they come, so payments are known for good.
"""

from __future__ import annotations

from typing import Final

from actors.account import (
    cards,
    disputes,
    payment_states,
    payments,
    pending,
    polling,
    refund_results,
    refunds,
    voids,
)
from protocol.reads import Among, Read, Since
from protocol.records.money import Purchase, Refund, Transaction
from protocol.records.money_states import TransactionKind
from protocol.records.payments import Dispute, Payment, PaymentMethod

_DAY_S: Final = 24 * 3600

MODULES: Final = (
    pending, payments, payment_states, polling, cards, disputes, refunds, refund_results, voids,
)  # fmt: skip
READS: Final = (
    Read(
        Transaction,
        by="user_id",
        where=(
            Among("kind", (TransactionKind.TOPUP, TransactionKind.REFUND)),
            Since("posted_at", 366 * _DAY_S),
        ),
    ),
    Read(Purchase, by="user_id", where=(Since("created_at", 32 * _DAY_S),)),
    Read(Refund, by="user_id", where=(Since("requested_at", 400 * _DAY_S),)),
    Read(Payment, by="user_id"),
    Read(PaymentMethod, by="user_id", where=(Among("removed_at", (None,)),)),
    Read(Dispute, by="user_id"),
)
