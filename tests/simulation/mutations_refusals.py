"""Planted in what is refused: reasons that were not there, told now and then."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from actors.account import admission, orders
from actors.staff import shifts
from actors.venue import checking_in
from actors.venue import orders as sales
from protocol.errors import Code, Refusal
from tests.simulation.mutations import mutation, reached

NOW_AND_THEN = 2


def _now_and_then(refuse: Callable[..., Any]) -> Any:
    """The refusal that `refuse` makes, every second time that there is none."""

    def make(original: Any) -> Any:
        turns = count()

        def refusing(*given: Any, **named: Any) -> Any:
            refusal = original(*given, **named)
            if refusal is not None or next(turns) % NOW_AND_THEN == 0:
                return refusal
            reached()
            return refuse(*given)

        return refusing

    make.__name__ = refuse.__name__
    return make


@mutation(orders, "_refuse_frozen", tells=True)
@_now_and_then
def refused_as_frozen_though_not(*_: Any) -> Refusal:
    """Nothing is owed (Rule 9)."""
    return Refusal(Code.INSUFFICIENT_CREDITS, "the wallet owes 5", extra={"owed_minor": 5})


@mutation(admission, "_refuse_funds", tells=True)
@_now_and_then
def refused_as_short_though_not(wallet: Any, *_: Any) -> Refusal:
    """There is enough for a visit (Rule 3)."""
    needed_minor = wallet.available_minor
    extra = {"available_minor": 0, "needed_minor": needed_minor}
    return Refusal(Code.INSUFFICIENT_CREDITS, f"it needs {needed_minor}", extra=extra)


@mutation(checking_in, "_refuse_full", tells=True)
@_now_and_then
def refused_as_full_though_not(state: Any, *_: Any) -> Refusal:
    """There are seats (Rule 2)."""
    extra = {"present": state.seated, "capacity": state.venue.capacity}
    return Refusal(Code.CAPACITY_FULL, "wait until somebody leaves", extra=extra)


@mutation(admission, "_refuse_second_visit", tells=True)
@_now_and_then
def refused_as_in_though_not(*_: Any) -> Refusal:
    """They are nowhere else (Rule 2)."""
    return Refusal(Code.SESSION_ACTIVE, "check out there first")


@mutation(sales, "_refuse_lacking", tells=True)
@_now_and_then
def refused_as_sold_out_though_not(_state: Any, needs: Any) -> Refusal | None:
    """There is enough of it on the shelf."""
    if not needs:
        return None
    extra = {"item_id": str(next(iter(needs)))}
    return Refusal(Code.ITEM_UNAVAILABLE, "there is not enough of it", extra=extra)


@mutation(shifts, "_refuse_second", tells=True)
@_now_and_then
def refused_as_on_duty_though_not(*_: Any) -> Refusal:
    """No shift is open (Rule 13)."""
    return Refusal(Code.SHIFT_ALREADY_OPEN, "clock out of it first")
