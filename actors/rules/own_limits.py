"""A patron's own limits: lowered at once, raised slowly, and told when nearly used (Rule 7).

A limit is minor units or minutes in a period; None stands for no limit at all, which is above any.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final, Literal

import attrs

from protocol.chains import rfc3339
from protocol.errors import Code, Refusal
from protocol.records.states import LimitPeriod

RAISE_WAITS: Final = timedelta(hours=24)
CONFIRM_WITHIN: Final = timedelta(days=7)
"""After the waiting; then a raise that was not confirmed lapses."""
WARN_PERCENT: Final = 80
LIMIT_DAYS: Final = {LimitPeriod.DAY: 1, LimitPeriod.WEEK: 7, LimitPeriod.MONTH: 30}
"""One, 7 or 30 business days, today's included."""
Action = Literal["warn", "block"]


@attrs.frozen(kw_only=True)
class Raise:
    """A higher limit that waits, or with `to` None the end of the limit."""

    to: int | None
    ready_at: datetime

    @property
    def lapses_at(self) -> datetime:
        """When it was not confirmed in time."""
        return self.ready_at + CONFIRM_WITHIN


@attrs.frozen(kw_only=True)
class Terms:
    """What holds of one limit, and the raise that waits, if any."""

    value: int | None
    pending: Raise | None = None


def set_limit(terms: Terms, wished: int | None, now: datetime) -> Terms | Refusal:
    """The terms after somebody wished for a limit.

    A lower one holds at once, and the one that holds takes a waiting raise back. A higher one waits
    for 24 h; the same wish after that, and within a week, confirms it. While a raise waits, another
    one is 409 `limit_change_pending`.
    """
    if wished == terms.value or _is_lower(wished, than=terms.value):
        return Terms(value=wished)
    pending = terms.pending
    if pending is None or now >= pending.lapses_at:
        return Terms(value=terms.value, pending=Raise(to=wished, ready_at=now + RAISE_WAITS))
    if pending.to == wished and now >= pending.ready_at:
        return Terms(value=wished)
    return _refuse_pending(pending, now)


def _is_lower(wished: int | None, *, than: int | None) -> bool:
    return wished is not None and (than is None or wished < than)


def _refuse_pending(pending: Raise, now: datetime) -> Refusal:
    towards = "no limit" if pending.to is None else str(pending.to)
    waits_s = -(-(pending.ready_at - now) // timedelta(seconds=1))
    return Refusal(
        Code.LIMIT_CHANGE_PENDING,
        f"a raise to {towards} waits until {pending.ready_at.isoformat()}; confirm it from then "
        f"until {pending.lapses_at.isoformat()}, or take it back by setting what holds now",
        retry_after_s=max(waits_s, 0) or None,
        extra={"pending_effective_at": rfc3339(pending.ready_at)},
    )


def first_day(period: LimitPeriod, today: date) -> date:
    """The first business day that a period counts."""
    return today - timedelta(days=LIMIT_DAYS[period] - 1)


def alerts(
    limit: int,
    used: int,
    *,
    first: date,
    warned_on: date | None,
    blocked_on: date | None,
) -> Iterator[Action]:
    """What to say of a limit now: at 80 % and at 100 %, each once in a period.

    `first` is the first day of the period, and what was said before it has been forgotten.
    """
    warned = warned_on is not None and warned_on >= first
    blocked = blocked_on is not None and blocked_on >= first
    if blocked:
        return
    if used >= limit:
        yield "block"
    elif used * 100 >= limit * WARN_PERCENT and not warned:
        yield "warn"


def percent_of(used: int, limit: int) -> int:
    """How much of a limit is used, whole percents; of a limit of nothing all is."""
    return 100 if limit == 0 else used * 100 // limit
