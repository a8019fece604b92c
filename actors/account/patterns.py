"""What spending shows that only the account sees: top-ups in haste, and a late, unusual night.

The account finds it, the open visit decides what follows. Without a visit there is nobody to see
to (Rule 7).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from actors.account.standing import profile_at
from actors.account.state import AccountState, cost_minor
from actors.rules.business_day import business_day_of, start_of
from actors.rules.safety_levels import Crossing
from actors.rules.safety_pace import late_spend, topup_velocity
from actors.runtime.outcome import Context, Send
from protocol.addresses import ActorKind, Address
from protocol.internal.safety import PatternSeen
from protocol.records.money import Transaction
from protocol.records.money_states import PaymentStatus, TransactionKind
from protocol.records.payments import Payment

_SPENDING: Final = (TransactionKind.PURCHASE, TransactionKind.USAGE, TransactionKind.TIP)
_MEAN_DAYS: Final = timedelta(days=30)
_DAY: Final = timedelta(days=1)


def patterns_seen(state: AccountState, context: Context, posted: Transaction) -> tuple[Send, ...]:
    """What the open visit is to be told once `posted` is; `state` is from before it."""
    visit, profile = state.visit, profile_at(context, posted.venue_id)
    if visit is None or profile is None or visit.venue_id != posted.venue_id:
        return ()
    found: Crossing | None
    if posted.kind is TransactionKind.TOPUP:
        known = state.posted(TransactionKind.TOPUP)
        topups = [row.posted_at for row in known if row.posted_at and row.id != posted.id]
        found = topup_velocity(
            [*topups, context.now], _declines(state), context.now, profile.settings
        )
    elif posted.kind in _SPENDING:
        cutover = profile.settings.cutover
        today = business_day_of(context.now, profile.tz, cutover)
        spent_minor = partial(state.spent_minor, _SPENDING, besides=(posted.id,))
        found = late_spend(
            cost_minor(posted) + spent_minor(today, today),
            spent_minor(today - _MEAN_DAYS, today - _DAY),
            context.now,
            day_start=start_of(today, profile.tz, cutover),
            tz=profile.tz,
            settings=profile.settings,
        )
    else:
        found = None
    if found is None:
        return ()
    seen = PatternSeen(
        rule=found.rule.value,
        level=found.level,
        value=found.value,
        limit=found.limit,
        since=found.since,
        window_s=found.window_s,
    )
    return (Send(Address(ActorKind.SESSION, visit.session_id), seen, detached=True),)


def _declines(state: AccountState) -> list[datetime]:
    """When cards were declined."""
    return [
        step.at
        for payment in state.all(Payment)
        for step in payment.history
        if step.status == PaymentStatus.FAILED
    ]
