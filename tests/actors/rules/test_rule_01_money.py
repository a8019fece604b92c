"""Rule 1: money is whole minor units, and tax is inside the price."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.money import allot, share_of, tax_of, tax_of_step

amounts = st.integers(0, 10**12)
rates = st.integers(0, 10_000)
quick = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [(1100, 1000, 100), (108, 800, 8), (1, 1000, 0), (6, 1000, 1), (5, 1000, 0), (100, 0, 0)],
)
def test_tax_is_what_the_receipt_must_show(gross: int, rate: int, tax: int) -> None:
    """Small cases that can be checked by hand, halves included."""
    assert tax_of(gross, rate) == tax


def test_exactly_half_a_unit_is_rounded_up() -> None:
    """Rule 1 says half up; 1·10000/20000 is exactly one half. Rule 1 tax."""
    assert tax_of(1, 10_000) == 1


@quick
@given(amounts, rates)
def test_tax_is_the_formula_in_exact_fractions(gross: int, rate: int) -> None:
    """The integer form must be the formula of Rule 1, not merely near it. Rule 1 tax."""
    assert tax_of(gross, rate) == floor(Fraction(gross * rate, 10_000 + rate) + Fraction(1, 2))


@quick
@given(amounts, rates)
def test_a_mirror_takes_back_exactly_the_tax_that_was_given(gross: int, rate: int) -> None:
    """Rule 9, L3: corrections mirror, so rounding must be symmetric."""
    assert tax_of(-gross, rate) == -tax_of(gross, rate)


@quick
@given(st.lists(st.integers(0, 10**6), max_size=20), rates)
def test_the_tax_of_all_ticks_is_the_tax_of_their_sum(steps: list[int], rate: int) -> None:
    """Rule 3, law (a), for tax: when ticks came must not show on the receipt."""
    charged = total = 0
    for step in steps:
        total += tax_of_step(charged, charged + step, rate)
        charged += step
    assert total == tax_of(charged, rate)


@quick
@given(amounts, st.lists(st.integers(0, 50), min_size=1, max_size=10).filter(any))
def test_parts_refunded_one_by_one_make_up_the_line(amount: int, parts: list[int]) -> None:
    """A line refunded in three goes must not leave or create a unit."""
    whole, before, given_back = sum(parts), 0, 0
    for part in parts:
        given_back += share_of(amount, before=before, part=part, whole=whole)
        before += part
    assert given_back == amount


@quick
@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=10).filter(any))
def test_shares_add_up_and_are_within_a_unit_of_exact(amount: int, weights: list[int]) -> None:
    """Sharing out money must neither lose nor make any."""
    shares = allot(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1


def test_sharing_among_nobody_is_a_bug() -> None:
    """There is no right answer, so none is invented."""
    with pytest.raises(ValueError, match="cannot share 5"):
        allot(5, [0, 0])
    assert allot(0, [0, 0]) == (0, 0)
