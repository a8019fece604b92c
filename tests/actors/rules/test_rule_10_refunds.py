"""Rule 10: what may still go back, for how long, and how much of the tax goes with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.approvals import refuse_approval
from actors.rules.refunds import (
    REFUND,
    REFUNDS_PER_PAYMENT_MAX,
    amount_of,
    path_to,
    reduced,
    refuse_late,
    refuse_late_top_up,
    refuse_many,
    remainder_of,
    tax_in,
)
from protocol.errors import Code
from protocol.records.money import Purchase, Refund
from protocol.records.money_states import PurchaseStatus, RefundDestination, RefundStatus
from protocol.records.values import RefundLine

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
LINE = UUID(int=1)
PAYMENT = UUID(int=2)
DEAD = (RefundStatus.REJECTED, RefundStatus.FAILED)


def a_line(qty: int, total_minor: int, tax_minor: int = 0, **changes: Any) -> Purchase:
    known: dict[str, Any] = {
        "id": LINE,
        "transaction_id": UUID(int=3),
        "venue_id": UUID(int=4),
        "user_id": UUID(int=5),
        "session_id": None,
        "line": 1,
        "item_id": UUID(int=6),
        "game_id": None,
        "name": "Karaage",
        "qty": qty,
        "unit_price_minor": total_minor // qty,
        "tax_rate_bp": 1_000,
        "tax_minor": tax_minor,
        "total_minor": total_minor,
        "status": PurchaseStatus.ORDERED,
        "created_at": NOW,
    }
    return Purchase(**(known | changes))


def a_refund(
    *lines: RefundLine, status: RefundStatus = RefundStatus.SUCCEEDED, n: int = 7
) -> Refund:
    return Refund(
        id=UUID(int=n),
        transaction_id=UUID(int=3),
        venue_id=UUID(int=4),
        user_id=UUID(int=5),
        lines=lines,
        amount_minor=1,
        currency="JPY",
        destination=RefundDestination.ORIGINAL,
        status=status,
        reason_code="other",
        requested_by=UUID(int=5),
        requested_at=NOW,
        payment_id=PAYMENT,
    )


lines = st.builds(
    lambda qty, price, bp: a_line(qty, qty * price, qty * price * bp // (10_000 + bp)),
    st.integers(1, 99),
    st.integers(1, 50_000),
    st.integers(0, 3_000),
)


@given(lines, st.data())
def test_however_a_line_is_cut_up_all_of_it_goes_back_and_no_more(
    line: Purchase, data: st.DataObject
) -> None:
    """The pieces sum to what was sold, amount and tax, and nothing is left or negative.

    Rule 10 remainder.
    """
    given_back: list[Refund] = []
    while (left := remainder_of(line, given_back)).qty:
        qty = data.draw(st.integers(1, left.qty))
        amount = amount_of(line, qty, left)
        tax = tax_in(line, amount, left)
        assert 0 <= tax <= amount
        part = RefundLine(purchase_id=LINE, qty=qty, amount_minor=amount, tax_minor=tax)
        given_back.append(a_refund(part))
    parts = [part for refund in given_back for part in refund.lines]
    assert sum(part.amount_minor for part in parts) == line.total_minor
    assert sum(part.tax_minor for part in parts) == line.tax_minor
    assert remainder_of(line, given_back).amount_minor == 0


@given(lines, st.lists(st.tuples(st.booleans(), st.integers(1, 99)), max_size=8))
def test_what_failed_can_be_asked_for_again_and_nothing_goes_back_twice(
    line: Purchase, tries: list[tuple[bool, int]]
) -> None:
    """Rule 10: refunded ≤ sold − already refunded − pending, whatever fails in between."""
    known: list[Refund] = []
    for fails, wanted in tries:
        left = remainder_of(line, known)
        qty = min(wanted, left.qty)
        if qty == 0:
            continue
        amount = amount_of(line, qty, left)
        part = RefundLine(
            purchase_id=LINE, qty=qty, amount_minor=amount, tax_minor=tax_in(line, amount, left)
        )
        status = RefundStatus.FAILED if fails else RefundStatus.PROCESSING
        known.append(a_refund(part, status=status))
    kept = [part for refund in known if refund.status not in DEAD for part in refund.lines]
    assert sum(part.qty for part in kept) <= line.qty
    assert sum(part.amount_minor for part in kept) <= line.total_minor
    assert sum(part.tax_minor for part in kept) <= line.tax_minor


@pytest.mark.parametrize("status", list(RefundStatus))
def test_what_is_asked_for_counts_until_it_is_refused_or_fails(status: RefundStatus) -> None:
    """Two requests at once must not both get the last piece."""
    part = RefundLine(purchase_id=LINE, qty=2, amount_minor=600)
    left = remainder_of(a_line(3, 900), [a_refund(part, status=status)])
    assert (left.qty, left.amount_minor) == ((3, 900) if status in DEAD else (1, 300))


def test_a_voided_line_has_nothing_to_refund() -> None:
    """It went back whole."""
    left = remainder_of(a_line(3, 900, status=PurchaseStatus.VOIDED), [])
    assert (left.qty, left.amount_minor) == (0, 0)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=5), st.data())
def test_an_approval_of_less_takes_from_the_last_lines(
    amounts: list[int], data: st.DataObject
) -> None:
    """What is approved is the sum of its lines, and no line gets more than was asked for."""
    asked = [
        RefundLine(purchase_id=UUID(int=n), qty=1, amount_minor=a) for n, a in enumerate(amounts)
    ]
    most = data.draw(st.integers(0, sum(amounts)))
    kept = reduced(asked, most)
    assert sum(line.amount_minor for line in kept) == most
    assert all(k.amount_minor <= a.amount_minor for k, a in zip(kept, asked, strict=True))
    with pytest.raises(ValueError, match="more than was asked for"):
        reduced(asked, sum(amounts) + 1)


def late(line: Purchase, reason: str, days: int) -> Code | None:
    refusal = refuse_late(
        [line],
        reason_code=reason,
        sold_on=TODAY,
        posted_at=NOW,
        today=TODAY + timedelta(days=days),
        now=NOW + timedelta(days=days),
        game_fault_days=7,
    )
    return None if refusal is None else refusal.code


def test_windows_are_those_of_the_rule() -> None:
    """Food and drink the same business day; a game's fault 7 days; a play without fault as food.

    Rule 10 windows.
    """
    food = a_line(1, 300)
    play = attrs.evolve(food, item_id=None, game_id=UUID(int=8))  # type: ignore[misc]
    closed = Code.REFUND_WINDOW_CLOSED
    assert [late(food, "quality", days) for days in (0, 1)] == [None, closed]
    assert [late(play, "game_fault", days) for days in (0, 6, 7)] == [None, None, closed]
    assert [late(play, "other", days) for days in (0, 1)] == [None, closed]
    assert [late(food, "game_fault", days) for days in (0, 1)] == [None, closed]


@pytest.mark.parametrize(
    ("days", "window", "closed"), [(13, 14, False), (14, 14, True), (365, 400, True)]
)
def test_an_unused_top_up_goes_back_within_its_window_and_never_after_a_year(
    days: int, window: int, closed: bool
) -> None:
    """14 days by default; providers give nothing back after a year, whatever a venue sets."""
    refusal = refuse_late_top_up(posted_at=NOW, now=NOW + timedelta(days=days), days=window)
    assert (refusal is not None) == closed


def test_at_most_twenty_refunds_go_to_one_payment() -> None:
    """Rule 10; what failed or was rejected does not count, and credits have no such bound.

    Rule 10 twenty.
    """
    many = [a_refund(n=n) for n in range(REFUNDS_PER_PAYMENT_MAX)]
    assert refuse_many(many[1:], PAYMENT) is None
    refusal = refuse_many(many, PAYMENT)
    assert refusal is not None
    assert refusal.code is Code.TRANSACTION_NOT_REFUNDABLE
    assert refuse_many(many, None) is None
    dead = a_refund(status=RefundStatus.FAILED)
    assert refuse_many([*many[1:], dead, dead], PAYMENT) is None


def test_the_states_of_a_refund_are_those_of_the_rule() -> None:
    """requested → rejected | approved → processing → succeeded | failed, and one way more.

    A bank may send back what its card had taken; heard of in any order, it ends as failed.
    Rule 10 states.
    """
    steps = sorted((start.value, to.value) for start, to in REFUND)
    assert steps == [
        ("approved", "processing"),
        ("processing", "failed"),
        ("processing", "succeeded"),
        ("requested", "approved"),
        ("requested", "rejected"),
        ("succeeded", "failed"),
    ]
    way = [state.value for state in path_to(RefundStatus.REQUESTED, RefundStatus.SUCCEEDED)]
    assert way == ["approved", "processing", "succeeded"]
    with pytest.raises(AssertionError, match="no refund goes"):
        path_to(RefundStatus.FAILED, RefundStatus.SUCCEEDED)


@pytest.mark.parametrize(
    ("amount", "used", "refused"),
    [(5_000, 0, False), (5_001, 0, True), (5_000, 15_000, False), (5_000, 15_001, True)],
)
def test_management_approves_up_to_its_limits(amount: int, used: int, refused: bool) -> None:
    """Up to 5000 each and 20000 per business day, both taken; above that the owner.

    Rule 10 two_people.
    """
    refusal = refuse_approval(
        amount_minor=amount, used_minor=used, single_max_minor=5_000, day_max_minor=20_000
    )
    assert (refusal is not None) == refused
