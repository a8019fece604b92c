"""The timers that follow from lots of credit: set anew wherever lots change.

One is of the bonus lot that ends first. The other is of a wallet whose person is erased: whatever
still reaches it is given up at once (Rule 16).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from actors.account.state import AccountState, first_expiry
from actors.runtime.outcome import CancelTimer, SetTimer
from protocol.internal.accounts import GiveUpLeft
from protocol.internal.wallet import ExpireBonus
from protocol.records.money import CreditGrant

BONUS_EXPIRY: Final = "bonus_expiry"
LEFT_OVER: Final = "left_over"
"""Their names."""


def lot_timers(
    state: AccountState, changed: Mapping[UUID, CreditGrant], now: datetime
) -> tuple[SetTimer | CancelTimer, ...]:
    """What becomes of the timers; `changed` are the lots of the currency that was worked on."""
    before = {lot.id: lot for lot in state.all(CreditGrant)}
    after = {**before, **changed}
    # A lot of no venue is in nobody's books, so it can't be given up in any.
    left = (lot for lot in after.values() if lot.remaining_minor > 0 and lot.venue_id is not None)
    if state.is_erased and any(left):
        return (*_expiry(before, after), SetTimer(LEFT_OVER, now, GiveUpLeft()))
    return _expiry(before, after)


def _expiry(
    before: Mapping[UUID, CreditGrant], after: Mapping[UUID, CreditGrant]
) -> tuple[SetTimer | CancelTimer, ...]:
    due, was_due = first_expiry(after), first_expiry(before)
    if due == was_due:
        return ()
    if due is None:
        return (CancelTimer(BONUS_EXPIRY),)
    return (SetTimer(BONUS_EXPIRY, due, ExpireBonus()),)
