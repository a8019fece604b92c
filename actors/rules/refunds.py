"""What may still go back, for how long, and how much of the tax goes with it (Rule 10).

Refunds of one line are reckoned cumulatively, so that however it is cut up, all of it is exactly
what was sold: amounts by pieces, tax by amounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.rules.lifecycle import transition
from protocol.errors import Code, Refusal
from protocol.records.money import Purchase, Refund
from protocol.records.money_states import PurchaseStatus, RefundStatus
from protocol.records.values import RefundLine

REFUNDS_PER_PAYMENT_MAX: Final = 20
MANAGEMENT_SINGLE_MAX_MINOR: Final = 5_000
MANAGEMENT_DAY_MAX_MINOR: Final = 20_000
PROVIDER_WINDOW: Final = timedelta(days=365)
"""No provider takes money back that was paid longer ago."""
GAME_FAULT: Final = "game_fault"

_RS = RefundStatus
REFUND: Final[Mapping[tuple[RefundStatus, RefundStatus], RefundStatus]] = {
    (start, to): to
    for start, ends in {
        _RS.REQUESTED: (_RS.REJECTED, _RS.APPROVED),
        _RS.APPROVED: (_RS.PROCESSING,),
        _RS.PROCESSING: (_RS.SUCCEEDED, _RS.FAILED),
        _RS.SUCCEEDED: (_RS.FAILED,),
    }.items()
    for to in ends
}
"""Rule 10: the trigger is the new state itself. `rejected` and `failed` are ends; `succeeded` is
one for everybody but the provider, as a bank may send the money back weeks later."""
UNDECIDED: Final = (_RS.REQUESTED,)
DEAD: Final = frozenset({_RS.REJECTED, _RS.FAILED})
"""What such a refund asked for can be asked for again."""


def path_to(start: RefundStatus, end: RefundStatus) -> tuple[RefundStatus, ...]:
    """The states that a refund goes through on its way: each is told, none is skipped."""
    found: tuple[RefundStatus, ...] = ()
    state = start
    for step in (_RS.APPROVED, _RS.PROCESSING, end):
        if state is end:
            break
        if transition(REFUND, state, step) is not None:
            found, state = (*found, step), step
    assert state is end, f"no refund goes from {start} to {end}"
    return found


@attrs.frozen(kw_only=True)
class Remainder:
    """What of a line was neither refunded nor asked for: pieces, and minor units."""

    qty: int
    amount_minor: int
    before_qty: int
    before_minor: int
    before_tax_minor: int


def remainder_of(line: Purchase, refunds: Iterable[Refund]) -> Remainder:
    """Per line: sold − already refunded − pending (Rule 10)."""
    parts = [
        part
        for refund in refunds
        if refund.status not in DEAD
        for part in refund.lines
        if part.purchase_id == line.id
    ]
    before_qty = sum(part.qty for part in parts)
    before_minor = sum(part.amount_minor for part in parts)
    dead = line.status is PurchaseStatus.VOIDED
    return Remainder(
        qty=0 if dead else line.qty - before_qty,
        amount_minor=0 if dead else line.total_minor - before_minor,
        before_qty=before_qty,
        before_minor=before_minor,
        before_tax_minor=sum(part.tax_minor for part in parts),
    )


def amount_of(line: Purchase, qty: int, left: Remainder) -> int:
    """What `qty` more pieces of a line are worth; all pieces together are its total."""
    done = line.total_minor * left.before_qty // line.qty
    then = line.total_minor * (left.before_qty + qty) // line.qty
    return min(then - done, left.amount_minor)


def tax_in(line: Purchase, amount_minor: int, before: Remainder) -> int:
    """The part of a line's tax that goes back with an amount; of all of it, all of the tax."""
    if line.total_minor == 0:
        return 0
    by_then = line.tax_minor * (before.before_minor + amount_minor) // line.total_minor
    return max(0, by_then - before.before_tax_minor)


def reduced(lines: Sequence[RefundLine], amount_minor: int) -> tuple[RefundLine, ...]:
    """The lines of a refund of which only so much is approved: the last ones get less.

    Raises:
        ValueError: more is approved than was asked for.
    """
    left, kept = amount_minor, []
    for line in lines:
        given = min(left, line.amount_minor)
        left -= given
        kept.append(attrs.evolve(line, amount_minor=given))
    if left:
        raise ValueError(f"{amount_minor} minor are {left} more than was asked for")
    return tuple(kept)


def refuse_late(
    lines: Iterable[Purchase],
    *,
    reason_code: str,
    sold_on: date,
    posted_at: datetime,
    today: date,
    now: datetime,
    game_fault_days: int,
) -> Refusal | None:
    """409 `refund_window_closed`: food and drink on the same business day, a game's fault later.

    A play without a fault goes back on the day it was bought, as food does.
    """
    for line in lines:
        if line.game_id is not None and reason_code == GAME_FAULT:
            closed = now >= posted_at + timedelta(days=game_fault_days)
            window = f"{game_fault_days} days"
        else:
            closed, window = today != sold_on, f"business day {sold_on.isoformat()}"
        if closed:
            return _closed(f"{line.name} could be refunded within {window}")
    return None


def refuse_late_top_up(*, posted_at: datetime, now: datetime, days: int | None) -> Refusal | None:
    """409 `refund_window_closed` for a top-up of more than so many days ago, a year at most.

    `days` is None where the house has no window, and only the provider's holds.
    """
    window = PROVIDER_WINDOW if days is None else min(timedelta(days=days), PROVIDER_WINDOW)
    if now < posted_at + window:
        return None
    return _closed(f"an unused top-up could be refunded within {window.days} days")


def refuse_many(refunds: Iterable[Refund], payment_id: UUID | None) -> Refusal | None:
    """At most 20 refunds go back to one payment."""
    count = sum(1 for one in refunds if one.payment_id == payment_id and one.status not in DEAD)
    if payment_id is None or count < REFUNDS_PER_PAYMENT_MAX:
        return None
    return Refusal(
        Code.TRANSACTION_NOT_REFUNDABLE,
        f"{count} refunds went to this payment, and {REFUNDS_PER_PAYMENT_MAX} is the most; "
        "ask for one to credits",
    )


def _closed(detail: str) -> Refusal:
    return Refusal(Code.REFUND_WINDOW_CLOSED, f"{detail}; ask the management for goodwill credit")
