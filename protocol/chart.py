"""The chart of accounts: what a ledger account's code says of it (Rule 9).

Codes are made by the actor that posts and read by the write-behind that keeps the balances, so
both find the whole of an account in its code alone.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from protocol.records.ledger import LedgerAccount, ledger_account_id
from protocol.records.money_states import AccountKind, NormalSide

STRIPE_CLEARING: Final = "platform:stripe_clearing"
TRANSIT: Final = "platform:transit"
USER_KINDS: Final = frozenset(
    {AccountKind.PAID, AccountKind.BONUS, AccountKind.HELD, AccountKind.RECEIVABLE}
)
MAY_BE_NEGATIVE: Final = frozenset(
    {
        AccountKind.RECEIVABLE,
        AccountKind.STRIPE_CLEARING,
        AccountKind.REFUND_CLEARING,
        AccountKind.TILL,
        AccountKind.PROMO_EXPENSE,
    }
)
"""L2: only receivable, clearing, tills and promo may be negative."""
MIRRORED: Final = frozenset({AccountKind.REVENUE, AccountKind.TAX, AccountKind.TIPS})
"""No decision takes from these what is not there. But what was posted can always be taken back
(L3), also where somebody has booked it elsewhere meanwhile; then they stand below zero."""
_DEBIT: Final = MAY_BE_NEGATIVE | {AccountKind.DISPUTE_LOSS}


def kind_of(code: str) -> AccountKind:
    """The kind that a code's words name.

    Raises:
        ValueError: no account has such a code.
    """
    match code.split(":"):
        case ["user", _, kind] if AccountKind(kind) in USER_KINDS:
            return AccountKind(kind)
        case ["venue", _, "revenue" | "till" as kind, _]:
            return AccountKind(kind)
        case ["venue", _, "tax" | "tips" | "promo_expense" as kind]:
            return AccountKind(kind)
        case ["venue", _, "refund_clearing" | "dispute_loss" as kind]:
            return AccountKind(kind)
        case ["platform", "stripe_clearing" | "transit" as kind]:
            return AccountKind(kind)
    raise ValueError(f"{code!r} is the code of no account")


def may_be_negative(code: str) -> bool:
    """Whether a decision may bring an account below zero (L2)."""
    return kind_of(code) in MAY_BE_NEGATIVE


def account_of(code: str, currency: str) -> LedgerAccount:
    """The account that a code names, with nothing on it yet.

    Raises:
        ValueError: no account has such a code.
    """
    kind = kind_of(code)
    whose, id_, *_ = code.split(":")
    return LedgerAccount(
        id=ledger_account_id(code, currency),
        code=code,
        kind=kind,
        user_id=UUID(id_) if whose == "user" else None,
        venue_id=UUID(id_) if whose == "venue" else None,
        currency=currency,
        normal=NormalSide.DEBIT if kind in _DEBIT else NormalSide.CREDIT,
        may_be_negative=kind in MAY_BE_NEGATIVE | MIRRORED,
    )
