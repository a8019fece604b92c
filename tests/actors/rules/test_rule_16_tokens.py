"""Rule 16: refresh tokens, passwords, locks and ages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.age import age_years
from actors.rules.password import (
    LOGIN_FAILURES_MAX,
    LOGIN_WINDOW,
    refuse_age,
    refuse_login,
    refuse_password,
    with_failure,
)
from actors.rules.token_rotation import (
    REFRESH_TOKEN_AGE_MAX,
    REPLAY_MAX,
    Rotation,
    judge_rotation,
    refuse_rotation,
)
from protocol.errors import Code

NOW = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
quick = settings(max_examples=100, deadline=None)


def judged(shown: int, current: int, since: timedelta, *, revoked: bool = False) -> Rotation:
    return judge_rotation(
        shown=shown,
        current=current,
        rotated_at=None if current == 0 else NOW - since,
        expires_at=NOW + REFRESH_TOKEN_AGE_MAX,
        revoked_at=NOW if revoked else None,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("shown", "since", "rotation", "code"),
    [
        (5, timedelta(days=1), Rotation.ROTATE, None),
        (4, REPLAY_MAX, Rotation.REPEAT, None),
        (4, REPLAY_MAX + MS, Rotation.REVOKE, Code.REFRESH_REUSED),
        (3, timedelta(0), Rotation.REVOKE, Code.REFRESH_REUSED),
        (6, timedelta(0), Rotation.REVOKE, Code.REFRESH_REUSED),
    ],
)
def test_only_the_immediate_predecessor_may_come_again_and_only_at_once(
    shown: int, since: timedelta, rotation: Rotation, code: Code | None
) -> None:
    """A lost answer is repeated; a copied token ends the family. Rule 16 refresh."""
    assert judged(shown, 5, since) is rotation
    refusal = refuse_rotation(rotation)
    assert (refusal.code if refusal else None) is code


def test_the_first_token_of_a_family_has_no_predecessor() -> None:
    """Nothing was rotated yet, so nothing can be repeated."""
    assert judged(0, 0, timedelta(0)) is Rotation.ROTATE
    assert judged(-1, 0, timedelta(0)) is Rotation.REVOKE


def test_a_dead_family_stays_dead() -> None:
    """Neither its current token nor an old one brings it back, and neither is reuse."""
    assert judged(5, 5, timedelta(0), revoked=True) is Rotation.DEAD
    expired = judge_rotation(
        shown=5, current=5, rotated_at=NOW, expires_at=NOW, revoked_at=None, now=NOW
    )
    assert expired is Rotation.DEAD
    refusal = refuse_rotation(expired)
    assert refusal is not None
    assert refusal.code is Code.REFRESH_INVALID


@quick
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20_000))
def test_whoever_shows_anything_but_the_two_newest_ends_the_family(
    shown: int, current: int, since_ms: int
) -> None:
    """A thief and the owner can never both go on."""
    rotation = judged(shown, current, since_ms * MS)
    assert (rotation is Rotation.ROTATE) == (shown == current)
    repeats = shown == current - 1 and since_ms <= 10_000
    assert (rotation is Rotation.REPEAT) == repeats
    if shown not in {current, current - 1}:
        assert rotation is Rotation.REVOKE


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("a" * 9, "too_short"),
        ("a" * 10, None),
        ("a" * 72, None),
        ("a" * 73, "too_long"),
        ("é" * 36, None),
        ("é" * 37, "too_long"),
        ("\U0001f3a4" * 9, "too_short"),
        ("\U0001f3a4" * 18, None),
        ("\U0001f3a4" * 19, "too_long"),
    ],
)
def test_a_password_has_10_characters_and_72_bytes(password: str, error: str | None) -> None:
    """bcrypt would cut a longer one without a word; characters count as people count them.

    Rule 16 passwords.
    """
    refusal = refuse_password(password)
    assert (refusal.errors[0].code if refusal else None) == error
    if refusal is not None:
        assert refusal.code is Code.VALIDATION_FAILED
        assert password not in refusal.detail


def test_ten_failures_in_15_minutes_lock_until_the_first_is_past() -> None:
    """Guessing is slowed to 40 an hour; a person who mistyped waits a quarter at most.

    Rule 16 passwords.
    """
    failures: tuple[datetime, ...] = ()
    for n in range(LOGIN_FAILURES_MAX):
        at = NOW + timedelta(seconds=n)
        assert refuse_login(failures, at) is None
        failures = with_failure(failures, at)
    refusal = refuse_login(failures, NOW + timedelta(seconds=10))
    assert refusal is not None
    assert refusal.code is Code.LOGIN_LOCKED
    assert refusal.retry_after_s == 15 * 60 - 10
    assert refuse_login(failures, NOW + LOGIN_WINDOW - MS) is not None
    assert refuse_login(failures, NOW + LOGIN_WINDOW) is None


@quick
@given(st.lists(st.integers(0, 4000), max_size=40).map(sorted))
def test_never_more_than_ten_failures_fall_into_15_minutes(seconds: list[int]) -> None:
    """Whatever the rhythm of the guesses, and the memory of them is bounded."""
    failures: tuple[datetime, ...] = ()
    taken: list[datetime] = []
    for second in seconds:
        at = NOW + timedelta(seconds=second)
        refusal = refuse_login(failures, at)
        if refusal is None:
            failures = with_failure(failures, at)
            taken.append(at)
            assert len(failures) <= LOGIN_FAILURES_MAX
            assert sum(at - one < LOGIN_WINDOW for one in taken) <= LOGIN_FAILURES_MAX
        else:
            assert refusal.retry_after_s is not None
            assert refuse_login(failures, at + timedelta(seconds=refusal.retry_after_s)) is None


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        (date(2008, 6, 1), date(2026, 6, 1), 18),
        (date(2008, 6, 2), date(2026, 6, 1), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2027, 1, 1), date(2026, 6, 1), -1),
    ],
)
def test_one_comes_of_age_on_the_birthday(birth: date, today: date, years: int) -> None:
    """A day early is against the law."""
    assert age_years(birth, today) == years
    refusal = refuse_age(birth, today)
    assert (refusal.code if refusal else None) is (None if years >= 18 else Code.UNDER_MINIMUM_AGE)
