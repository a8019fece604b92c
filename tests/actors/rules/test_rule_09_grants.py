"""Rules 4, 7 and 9: which lots pay, and which get money back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.grants import (
    available_minor,
    burn_order,
    capture,
    expired,
    give_back,
    join,
    less,
    more,
    take,
)
from protocol.errors import Code, Refusal
from protocol.records.money import CreditGrant
from protocol.records.values import HoldSource
from tests.actors.rules.books import BONUS, NOW, PAID, a_grant

HOUR = timedelta(hours=1)
quick = settings(max_examples=100, deadline=None)


@st.composite
def some_lots(draw: st.DrawFn) -> list[CreditGrant]:
    made = []
    for n in range(1, draw(st.integers(1, 6)) + 1):
        source = draw(st.sampled_from((PAID, BONUS)))
        expires = draw(st.sampled_from((None, -HOUR, HOUR, 5 * HOUR))) if source is BONUS else None
        amount = draw(st.integers(1, 1000))
        made.append(
            a_grant(
                n,
                source,
                amount,
                remaining=draw(st.integers(0, amount)),
                priority=draw(st.integers(0, 1)),
                expires_at=NOW + expires if expires else None,
                created_at=NOW - draw(st.integers(0, 3)) * HOUR,
            )
        )
    return made


def amounts_of(parts: tuple[HoldSource, ...]) -> dict[int, int]:
    return {part.grant_id.int: part.amount_minor for part in parts}


def taken(grants: list[CreditGrant], amount: int, *, alcohol: int = 0) -> dict[int, int]:
    parts = take(grants, amount, NOW, alcohol_minor=alcohol)
    assert not isinstance(parts, Refusal)
    return amounts_of(parts)


def test_the_burn_order_is_that_of_the_rule() -> None:
    """Priority, earliest expiry, bonus before paid, oldest; each only where the former tie.

    Rule 9 burn_order.
    """
    grants = [
        a_grant(1, PAID, created_at=NOW),
        a_grant(2, PAID, created_at=NOW - HOUR),
        a_grant(3, BONUS, created_at=NOW),
        a_grant(4, BONUS, expires_at=NOW + 2 * HOUR),
        a_grant(5, BONUS, expires_at=NOW + HOUR),
        a_grant(6, PAID, priority=-1),
    ]
    assert [grant.id.int for grant in burn_order(grants)] == [6, 5, 4, 3, 2, 1]


def test_alcohol_is_paid_with_paid_credit_only() -> None:
    """Rule 7, a floor: bonus never pays for alcohol, and the rest of a basket still burns bonus.

    Rule 7 bonus_alcohol.
    """
    grants = [a_grant(1, BONUS, 500), a_grant(2, PAID, 500)]
    assert taken(grants, 300, alcohol=300) == {2: 300}
    assert taken(grants, 700, alcohol=300) == {1: 400, 2: 300}
    refusal = take(grants, 600, NOW, alcohol_minor=600)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INSUFFICIENT_CREDITS


def test_gifts_and_tips_are_taken_from_paid_credit_only() -> None:
    """Rule 9: both debit paid; bonus does not move."""
    grants = [a_grant(1, BONUS, 500), a_grant(2, PAID, 100)]
    assert not isinstance(take(grants, 100, NOW, paid_only=True), Refusal)
    assert isinstance(take(grants, 101, NOW, paid_only=True), Refusal)


def test_paid_credit_never_expires() -> None:
    """Rule 4: not even if a row says so. Rule 4 paid_stays."""
    old = a_grant(1, PAID, 100, expires_at=NOW - HOUR)
    assert available_minor([old], NOW) == 100
    assert expired([old], NOW) == ()


def test_bonus_ends_at_the_instant_it_says() -> None:
    """One moment before it can be spent; at the moment it is expired, never both."""
    bonus = a_grant(1, BONUS, 100, expires_at=NOW)
    just_before = NOW - timedelta(milliseconds=1)
    assert available_minor([bonus], just_before) == 100
    assert expired([bonus], just_before) == ()
    assert available_minor([bonus], NOW) == 0
    assert amounts_of(expired([bonus], NOW)) == {1: 100}


def test_refunds_go_to_the_newest_lot_first_and_never_beyond_what_it_paid() -> None:
    """Rule 9: bit by bit, a purchase comes back exactly to where it came from.

    Rule 9 refund_order.
    """
    grants = {UUID(int=n): a_grant(n, PAID, 100) for n in (1, 2)}
    parts = take(grants.values(), 150, NOW)
    assert not isinstance(parts, Refusal)
    first = give_back(parts, 60, grants)
    assert amounts_of(first) == {2: 50, 1: 10}
    second = give_back(parts, 90, grants, given_back=first)
    assert amounts_of(second) == {1: 90}
    with pytest.raises(ValueError, match="1 more than was taken"):
        give_back(parts, 1, grants, given_back=[*first, *second])


@quick
@given(some_lots(), st.integers(0, 3000), st.integers(0, 3000))
def test_taking_succeeds_exactly_when_there_is_enough(
    grants: list[CreditGrant], other: int, alcohol: int
) -> None:
    """No basket is refused that could be paid, and none is paid twice or with bonus alcohol."""
    paid = available_minor([grant for grant in grants if grant.source is PAID], NOW)
    enough = available_minor(grants, NOW) >= other + alcohol and paid >= alcohol
    parts = take(grants, other + alcohol, NOW, alcohol_minor=alcohol)
    assert isinstance(parts, Refusal) is not enough
    if isinstance(parts, Refusal):
        return
    assert sum(part.amount_minor for part in parts) == other + alcohol
    assert sum(part.amount_minor for part in parts if part.source == "paid") >= alcohol
    by_id = {grant.id: grant for grant in grants}
    for grant in less(by_id, parts):
        assert 0 <= grant.remaining_minor < by_id[grant.id].remaining_minor


@quick
@given(some_lots(), st.integers(0, 3000), st.data())
def test_what_is_held_is_captured_or_returned_to_the_unit(
    grants: list[CreditGrant], amount: int, data: st.DataObject
) -> None:
    """A hold splits into what was used and what goes back, and lots end where they should."""
    parts = take(grants, amount, NOW)
    if isinstance(parts, Refusal):
        return
    used = data.draw(st.integers(0, amount))
    captured, rest = capture(parts, used)
    assert sum(part.amount_minor for part in captured) == used
    assert sorted(amounts_of(join(captured, rest)).items()) == sorted(amounts_of(parts).items())
    by_id = {grant.id: grant for grant in grants}
    after = by_id | {grant.id: grant for grant in less(by_id, parts)}
    after |= {grant.id: grant for grant in more(after, rest)}
    before_minor = sum(grant.remaining_minor for grant in by_id.values())
    assert sum(grant.remaining_minor for grant in after.values()) == before_minor - used
    with pytest.raises(ValueError, match="more than the hold"):
        capture(parts, amount + 1)


@quick
@given(some_lots(), st.integers(0, 3000), st.data())
def test_piecewise_refunds_restore_every_lot(
    grants: list[CreditGrant], amount: int, data: st.DataObject
) -> None:
    """After everything came back, each lot holds what it held."""
    parts = take(grants, amount, NOW)
    if isinstance(parts, Refusal):
        return
    by_id = {grant.id: grant for grant in grants}
    after = by_id | {grant.id: grant for grant in less(by_id, parts)}
    returned: tuple[HoldSource, ...] = ()
    left = amount
    while left:
        piece = data.draw(st.integers(1, left))
        back = give_back(parts, piece, after, given_back=returned)
        after |= {grant.id: grant for grant in more(after, back)}
        returned, left = join(returned, back), left - piece
    assert after == by_id
