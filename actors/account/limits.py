"""Telling how much of an own limit is used: at 80 % and at 100 %, once each per period (Rule 7).

Asked wherever money is posted, so no way of spending is forgotten. What a limit refuses is decided
in `standing`, and what it leaves to a running visit in `visit_limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

import attrs

from actors.account.standing import limit_now
from actors.account.state import AccountState, cost_minor, is_within
from actors.rules.own_limits import Action, alerts, first_day, percent_of
from actors.runtime.outcome import Event
from actors.runtime.telling import tell
from protocol.events.sessions import SessionLimitReached
from protocol.events.system import SystemNotification
from protocol.records.base import Record
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind, TransactionStatus
from protocol.records.states import LimitKind
from protocol.records.users import UserLimit

COUNTED: Final[Mapping[LimitKind, tuple[TransactionKind, ...]]] = {
    LimitKind.SPEND: (TransactionKind.PURCHASE, TransactionKind.USAGE, TransactionKind.TIP),
    LimitKind.TOPUP: (TransactionKind.TOPUP,),
}
"""What each limit of money counts; that of time is the visit's to tell."""


@attrs.frozen(kw_only=True)
class Told:
    """The limits that remember that they were told, and the telling."""

    changes: tuple[UserLimit, ...] = ()
    events: tuple[Event, ...] = ()


def used_minor(
    state: AccountState,
    kind: LimitKind,
    first: date,
    today: date,
    posting: Iterable[Transaction] = (),
) -> int:
    """What counts of a kind in a period, with transactions that are just being posted."""
    rows = {
        row.id: row
        for row in posting
        if row.kind in COUNTED[kind] and row.status is TransactionStatus.POSTED
    }
    now_minor = sum(cost_minor(row) for row in rows.values() if is_within(row, first, today))
    return now_minor + state.spent_minor(COUNTED[kind], first, today, besides=rows)


def limits_told(
    state: AccountState,
    posting: Iterable[Record],
    *,
    venue_id: UUID,
    today: date,
    now: datetime,
    fresh_id: Callable[[], UUID],
) -> Told:
    """What is to be told of own limits now that these transactions are posted at a venue.

    Without an open visit there is no session to tell it of: then it is a notice to the person.
    """
    rows = [row for row in posting if isinstance(row, Transaction)]
    changes: list[UserLimit] = []
    events: list[Event] = []
    for limit in state.all(UserLimit):
        value = limit_now(limit, now) if limit.kind in COUNTED else None
        if value is None or limit.superseded_at is not None:
            continue
        if not any(row.kind in COUNTED[limit.kind] for row in rows):
            continue
        first = first_day(limit.period, today)
        used = used_minor(state, limit.kind, first, today, rows)
        said = alerts(
            value, used, first=first, warned_on=limit.warned_on, blocked_on=limit.blocked_on
        )
        for action in said:
            mark = {"warned_on": today} if action == "warn" else {"blocked_on": today}
            changes.append(limit.revised(**mark))
            events.append(_said(state, limit, value, used, action, venue_id, fresh_id))
    return Told(changes=tuple(changes), events=tuple(events))


def _said(
    state: AccountState,
    limit: UserLimit,
    value: int,
    used: int,
    action: Action,
    venue_id: UUID,
    fresh_id: Callable[[], UUID],
) -> Event:
    visit = state.visit
    if visit is None:
        notice = SystemNotification(
            notification_id=fresh_id(),
            kind="limit_reached",
            title_key="notice.limit_reached",
            params={"kind": limit.kind.value, "limit": value, "used": used, "action": action},
            severity="warning",
            expires_at=None,
        )
        return tell(notice, user_id=state.user_id)
    reached = SessionLimitReached(
        session_id=visit.session_id,
        kind=limit.kind,
        limit=value,
        used=used,
        percent=percent_of(used, value),
        action=action,
    )
    return tell(reached, venue_id=venue_id, user_id=state.user_id)
