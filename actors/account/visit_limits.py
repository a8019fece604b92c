"""What a patron's own limits leave to the visit that runs: time, and money for time (Rule 7).

A visit may hold no more than the limit on spending leaves, so its meter stops at the instant at
which the limit is reached, as it does where funds end. How its time stands it works out by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import attrs

from actors.account.standing import LIMIT_DAYS, limit_now
from actors.account.state import AccountState, cost_minor
from actors.account.wallet import WalletDraft
from actors.runtime.outcome import Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.allowances import OwnTimeChanged, TimeAllowance, TimeLimit
from protocol.records.money_states import TransactionKind
from protocol.records.runtime import TimeUsed
from protocol.records.states import LimitKind
from protocol.records.users import UserLimit

SPENDING: Final = (TransactionKind.PURCHASE, TransactionKind.USAGE, TransactionKind.TIP)
_DAYS_KEPT: Final = timedelta(days=max(LIMIT_DAYS.values()) + 2)
"""Days begin at other times at other venues."""


def spend_headroom_minor(state: AccountState, today: date, now: datetime) -> int | None:
    """What own limits on spending leave for today; None if there are none.

    What waits for a card is not left for time: paid later, it would pass the limit (Rule 7).
    """
    waiting_minor = sum(map(cost_minor, state.pending(*SPENDING)))
    left = []
    for limit in state.all(UserLimit):
        if limit.kind is not LimitKind.SPEND or limit.superseded_at is not None:
            continue
        if (value := limit_now(limit, now)) is not None:
            first = today - timedelta(days=LIMIT_DAYS[limit.period] - 1)
            left.append(value - state.spent_minor(SPENDING, first, today) - waiting_minor)
    return max(0, min(left)) if left else None


def drawable_minor(state: AccountState, wallet: WalletDraft, drawn_minor: int) -> int:
    """What a visit may still draw besides what it drew or holds by this very decision."""
    headroom_minor = spend_headroom_minor(state, wallet.business_day, wallet.now)
    if headroom_minor is None:
        return wallet.available_minor
    return min(wallet.available_minor, max(0, headroom_minor - drawn_minor))


def refuse_over_limit(
    state: AccountState, wallet: WalletDraft, target_minor: int, code: Code
) -> Refusal | None:
    """Why own limits on spending allow no hold of so much in all."""
    headroom_minor = spend_headroom_minor(state, wallet.business_day, wallet.now)
    if headroom_minor is None or target_minor <= headroom_minor:
        return None
    return Refusal(
        code,
        f"this needs a hold of {target_minor} minor; own limits on spending leave "
        f"{headroom_minor} today",
        extra={"needed_minor": target_minor, "headroom_minor": headroom_minor},
    )


def time_allowance(
    state: AccountState, now: datetime, limits: Iterable[UserLimit] | None = None
) -> TimeAllowance:
    """What a visit must know of own limits of time; `limits` if they are just being changed."""
    known = state.all(UserLimit) if limits is None else limits
    held = []
    for limit in known:
        if limit.kind is not LimitKind.TIME or limit.superseded_at is not None:
            continue
        if (value := limit_now(limit, now)) is not None:
            held.append(TimeLimit(period=limit.period, minutes=value))
    if not held:
        return TimeAllowance()
    return TimeAllowance(
        limits=tuple(held),
        elsewhere_ms={row.business_day: row.active_ms for row in state.all(TimeUsed)},
    )


def allowance_after(state: AccountState, wallet: WalletDraft, spent_minor: int) -> TimeAllowance:
    """What own limits leave to a visit, when this very decision has spent so much of it."""
    allowance = time_allowance(state, wallet.now)
    headroom_minor = spend_headroom_minor(state, wallet.business_day, wallet.now)
    if headroom_minor is None:
        return allowance
    return attrs.evolve(allowance, spend_left_minor=max(0, headroom_minor - spent_minor))


def own_time_told(
    state: AccountState, limits: Iterable[UserLimit], now: datetime
) -> tuple[Send, ...]:
    """What whoever changes own limits sends on, so that an open visit heeds them at once."""
    visit = state.visit
    if visit is None:
        return ()
    time = time_allowance(state, now, limits)
    session = Address(ActorKind.SESSION, visit.session_id)
    return (Send(session, OwnTimeChanged(session_id=visit.session_id, time=time), detached=True),)


def time_less(state: AccountState, less_ms: Mapping[date, int]) -> tuple[TimeUsed, ...]:
    """The rows of which a visit's time is taken back, because it ended earlier (Rule 12)."""
    changed = []
    for day, ms in less_ms.items():
        known = state.get(TimeUsed, state.user_id, day)
        if known is not None and ms > 0:
            changed.append(known.revised(active_ms=max(0, known.active_ms - ms)))
    return tuple(changed)


def time_used(
    state: AccountState, active_ms: Mapping[date, int], today: date
) -> tuple[tuple[TimeUsed, ...], tuple[TimeUsed, ...]]:
    """The rows that a visit's time adds to, and those too old for any limit to count."""
    changed = []
    for day, ms in active_ms.items():
        known = state.get(TimeUsed, state.user_id, day)
        if known is None:
            changed.append(TimeUsed(user_id=state.user_id, business_day=day, active_ms=ms))
        else:
            changed.append(known.revised(active_ms=known.active_ms + ms))
    old = [row for row in state.all(TimeUsed) if row.business_day < today - _DAYS_KEPT]
    kept = {row.business_day for row in changed}
    return tuple(changed), tuple(row for row in old if row.business_day not in kept)
