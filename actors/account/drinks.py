"""What this person has drunk before a visit, at whatever venue: only the account knows (Rule 7)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from actors.account.order_rows import OFFLINE
from actors.account.standing import profile_at
from actors.account.state import AccountState
from actors.rules.business_day import business_day_of, start_of
from actors.rules.earlier_drinks import counted_from, taken_together
from actors.rules.safety_pace import Drunk
from actors.runtime.outcome import Context
from protocol.domain_limits import SESSION_DRINKS_MAX
from protocol.internal.visits import HadBefore
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import PurchaseStatus, TransactionStatus


def drinks_before(state: AccountState, context: Context, venue_id: UUID) -> tuple[HadBefore, ...]:
    """Alcohol that was paid for and not voided since the venue's business day began, and in the
    two hours before now: at all venues, as the danger is to the person. At most
    SESSION_DRINKS_MAX of them, in order.
    """
    profile = profile_at(context, venue_id)
    assert profile is not None, f"venue {venue_id} has shared no profile"
    tz, cutover = profile.tz, profile.settings.cutover
    day_start = start_of(business_day_of(context.now, tz, cutover), tz, cutover)
    since = counted_from(day_start, context.now)
    milli: dict[datetime, int] = defaultdict(int)
    for line in state.all(Purchase):
        if line.standard_drinks_milli <= 0 or line.status is PurchaseStatus.VOIDED:
            continue
        at = _had_at(state.get(Transaction, line.transaction_id))
        if at is not None and at >= since:
            milli[at] += line.standard_drinks_milli
    drinks = (Drunk(at=at, milli=n) for at, n in milli.items())
    kept = taken_together(drinks, SESSION_DRINKS_MAX)
    return tuple(HadBefore(at=drink.at, milli=drink.milli) for drink in kept)


def _had_at(sale: Transaction | None) -> datetime | None:
    """When a sale was made, if it was paid: what a device sold offline is posted later."""
    if sale is None or sale.status is not TransactionStatus.POSTED:
        return None
    return sale.occurred_at if sale.reason == OFFLINE else sale.posted_at
