"""Rule 6: the fence, from single fixes to leaving for good."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.geofence import (
    EARTH_RADIUS_M,
    Fence,
    FenceState,
    FenceStep,
    Fix,
    Verdict,
    follow,
    haversine_m,
    is_inside,
    is_leaving,
    judge_fix,
    refuse_entry,
)
from actors.rules.settings import DEFAULT
from protocol.errors import Code

LAT, LON = 35.6595, 139.7005
FENCE = Fence.of(LAT, LON, DEFAULT)
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
METRE_DEG = math.degrees(1 / EARTH_RADIUS_M)
quick = settings(max_examples=100, deadline=None)


def a_fix(distance_m: float, accuracy_m: float = 20, *, s: float = 0, mock: bool = False) -> Fix:
    """A fix due north of the centre, `s` seconds after NOW."""
    return Fix(
        lat=LAT + distance_m * METRE_DEG,
        lon=LON,
        accuracy_m=accuracy_m,
        fix_at=NOW + timedelta(seconds=s),
        mock=mock,
    )


def walk(*fixes: Fix, state: FenceState | None = None) -> FenceStep:
    """Send fixes one by one, each as it is measured; the last step that said anything."""
    step = FenceStep(state=state or FenceState())
    for fix in fixes:
        after = follow(step.state, [fix], now=fix.fix_at, fence=FENCE)
        step = FenceStep(
            state=after.state,
            left_at=after.left_at or step.left_at,
            entered_at=after.entered_at or step.entered_at,
            confirm_by=after.confirm_by,
        )
    return step


@pytest.mark.parametrize(
    ("distance", "accuracy", "code"),
    [
        (165, 20, None),
        (175, 20, Code.GEOFENCE_OUTSIDE),
        (195, 80, None),
        (90, 120, Code.LOCATION_INACCURATE),
    ],
)
def test_the_vectors_of_entering(distance: int, accuracy: int, code: Code | None) -> None:
    """The four cases that the contract spells out, radius 150. Rule 6 enter. Rule 6 vectors."""
    refusal = refuse_entry(a_fix(distance, accuracy), NOW, FENCE)
    assert (refusal.code if refusal else None) is code


def test_the_vector_of_leaving() -> None:
    """Leaving needs more than 200 m at an accuracy of 20. Rule 6 vectors."""
    assert not is_leaving(200, 20, FENCE)
    assert is_leaving(200.001, 20, FENCE)


def test_distances_are_those_of_the_sphere_of_the_rule() -> None:
    """A quarter of the way round, half of it, and a known pair of cities. Rule 6 distance."""
    assert haversine_m(0, 0, 0, 90) == pytest.approx(EARTH_RADIUS_M * math.pi / 2)
    assert haversine_m(0, 0, 0, 180) == pytest.approx(EARTH_RADIUS_M * math.pi)
    tokyo_osaka_m = haversine_m(35.6812, 139.7671, 34.7025, 135.4959)
    assert tokyo_osaka_m == pytest.approx(403_000, rel=0.01)


@pytest.mark.parametrize(
    ("fix", "verdict"),
    [
        (a_fix(0), Verdict.COUNTS),
        (a_fix(0, s=-60), Verdict.COUNTS),
        (a_fix(0, s=-60.001), Verdict.STALE),
        (a_fix(0, s=60.001), Verdict.STALE),
        (a_fix(0, 100), Verdict.COUNTS),
        (a_fix(0, 100.1), Verdict.INACCURATE),
        (a_fix(0, math.nan), Verdict.INACCURATE),
        (a_fix(0, 500, s=-500, mock=True), Verdict.UNTRUSTED),
    ],
)
def test_a_fix_counts_only_if_fresh_accurate_and_real(fix: Fix, verdict: Verdict) -> None:
    """Rule 6: 60 s, 100 m, not mock. Rule 6 good_fix."""
    assert judge_fix(fix, NOW) is verdict


@pytest.mark.parametrize(
    ("fix", "code"),
    [
        (a_fix(0, mock=True), Code.LOCATION_UNTRUSTED),
        (a_fix(0, s=-90), Code.LOCATION_INACCURATE),
    ],
)
def test_a_fix_that_does_not_count_lets_nobody_in(fix: Fix, code: Code) -> None:
    """Even at the very door."""
    refusal = refuse_entry(fix, NOW, FENCE)
    assert refusal is not None
    assert refusal.code is code


def test_one_fix_alone_never_pauses() -> None:
    """Providers report 200 m off at an accuracy of 1.9 m; the first is only a warning.

    Rule 6 leave.
    """
    step = walk(a_fix(5000, 1.9))
    assert step.left_at is None
    assert step.confirm_by == NOW + timedelta(minutes=10)


def test_two_fixes_confirm_leaving_from_the_first() -> None:
    """The patron does not pay for the walk home. Rule 6 leave."""
    step = walk(a_fix(250), a_fix(260, s=20))
    assert step.left_at == NOW
    assert step.state.outside


@pytest.mark.parametrize("apart", [1, 19.999, 600.001, 4000])
def test_fixes_too_close_or_too_far_apart_confirm_nothing(apart: float) -> None:
    """Less than 20 s is one opinion told twice; more than 10 min is another story."""
    assert walk(a_fix(250), a_fix(250, s=apart)).left_at is None


def test_fixes_every_ten_seconds_confirm_on_the_third() -> None:
    """The first keeps standing, or an eager device would never be heard."""
    step = walk(a_fix(250), a_fix(250, s=10), a_fix(250, s=20))
    assert step.left_at == NOW


def test_after_a_gap_the_later_fix_is_the_new_first() -> None:
    """Two stories: the second begins with its own first fix."""
    step = walk(a_fix(250), a_fix(250, s=700), a_fix(250, s=730))
    assert step.left_at == NOW + timedelta(seconds=700)


@pytest.mark.parametrize("between", [a_fix(10, s=15), a_fix(190, s=15)])
def test_any_other_good_fix_resets(between: Fix) -> None:
    """Inside, or merely not far enough outside."""
    step = walk(a_fix(250), between, a_fix(250, s=30))
    assert step.left_at is None
    assert step.state.leaving_since == NOW + timedelta(seconds=30)


def test_a_bad_fix_between_neither_confirms_nor_resets() -> None:
    """It is no fix at all."""
    step = walk(a_fix(250), a_fix(0, 900, s=15), a_fix(250, s=30))
    assert step.left_at == NOW


def test_leaving_is_dated_at_most_five_minutes_back() -> None:
    """Fixes nine minutes apart: the effect is five minutes before the second."""
    step = walk(a_fix(250), a_fix(250, s=540))
    assert step.left_at == NOW + timedelta(seconds=240)


def test_silence_is_not_leaving() -> None:
    """No fix, no step."""
    state = FenceState(leaving_since=NOW)
    assert follow(state, [], now=NOW + timedelta(hours=1), fence=FENCE) == FenceStep(state=state)


def test_one_good_fix_inside_brings_a_patron_back() -> None:
    """Re-entry is in the patron's interest and needs no second opinion."""
    outside = FenceState(outside=True)
    assert walk(a_fix(165, s=1), state=outside).entered_at == NOW + timedelta(seconds=1)
    assert walk(a_fix(175, s=1), state=outside).entered_at is None


def test_fixes_that_come_late_or_twice_are_ignored_and_counted() -> None:
    """A retried report must not count as a second opinion."""
    fixes = [a_fix(250), a_fix(250), a_fix(250, s=-10)]
    step = follow(FenceState(), fixes, now=NOW, fence=FENCE)
    assert (step.accepted_count, step.ignored_count) == (1, 2)
    again = follow(step.state, fixes, now=NOW + timedelta(seconds=30), fence=FENCE)
    assert (again.accepted_count, again.left_at) == (0, None)


def test_leaving_and_coming_back_within_one_report_is_no_change() -> None:
    """A report may hold 20 fixes; only where it ends up differently is there anything to do."""
    fixes = [a_fix(250, s=-50), a_fix(250, s=-30), a_fix(0, s=-10)]
    step = follow(FenceState(), fixes, now=NOW, fence=FENCE)
    assert (step.left_at, step.entered_at, step.state.outside) == (None, None, False)
    fixes = [a_fix(0, s=-50), a_fix(250, s=-30), a_fix(250, s=-10)]
    step = follow(FenceState(outside=True), fixes, now=NOW, fence=FENCE)
    assert (step.left_at, step.entered_at, step.state.outside) == (None, None, True)


@quick
@given(
    st.lists(
        st.builds(
            a_fix,
            st.floats(0, 400),
            st.floats(0, 150),
            s=st.integers(0, 3000),
            mock=st.booleans(),
        ),
        max_size=20,
    )
)
def test_whoever_is_said_to_have_left_was_seen_outside_twice(fixes: list[Fix]) -> None:
    """No sequence of fixes pauses anyone without two good ones outside, far enough apart."""
    ordered = sorted(fixes, key=lambda fix: fix.fix_at)
    step = walk(*ordered)
    if step.left_at is None:
        return
    seen = [
        fix.fix_at
        for fix in ordered
        if judge_fix(fix, fix.fix_at) is Verdict.COUNTS
        and is_leaving(FENCE.distance_m(fix), fix.accuracy_m, FENCE)
    ]
    assert max(seen) - min(seen) >= timedelta(seconds=20)
    assert ordered[0].fix_at <= step.left_at <= ordered[-1].fix_at


@quick
@given(st.floats(0, 1000), st.floats(0, 100))
def test_nobody_is_inside_and_leaving_at_once(distance: float, accuracy: float) -> None:
    """The margin keeps the two apart, or a patron at the edge would flicker."""
    assert not (is_inside(distance, accuracy, FENCE) and is_leaving(distance, accuracy, FENCE))
