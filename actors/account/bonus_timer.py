"""The timer of the bonus lot that ends first: set anew wherever lots change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from actors.account.state import first_expiry
from actors.runtime.outcome import CancelTimer, SetTimer
from protocol.internal.wallet import ExpireBonus
from protocol.records.money import CreditGrant

BONUS_EXPIRY: Final = "bonus_expiry"
"""Its name."""


def expiry_timer(
    before: Mapping[UUID, CreditGrant], after: Mapping[UUID, CreditGrant]
) -> tuple[SetTimer | CancelTimer, ...]:
    """What becomes of the timer: `before` and `after` are all lots, over all currencies."""
    due, was_due = first_expiry(after), first_expiry(before)
    if due == was_due:
        return ()
    if due is None:
        return (CancelTimer(BONUS_EXPIRY),)
    return (SetTimer(BONUS_EXPIRY, due, ExpireBonus()),)
