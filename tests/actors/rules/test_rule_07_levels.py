"""How levels rise and fall, whatever is seen and whenever: the laws of Rule 7."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from actors.rules import intervention_ladder as ladder
from actors.rules.safety_levels import (
    QUIET,
    Crossing,
    SafetyRule,
    Watch,
    falls_at,
    level_after,
    may_raise,
    raised,
    stirred,
)
from actors.rules.safety_pace import PACE_60, PACE_120, Drunk, pace_crossings
from actors.rules.settings import DEFAULT
from protocol.records.states import InterventionOutcome

START: Final = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
WINDOWS: Final = {
    SafetyRule.PACE_60: PACE_60,
    SafetyRule.PACE_120: PACE_120,
    SafetyRule.PACE_120_HIGH: PACE_120,
}
rounds = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 4000)), min_size=1, max_size=30)
"""Minutes since the round before, and what was had."""


def drink(had: list[tuple[int, int]]) -> list[tuple[datetime, int, Crossing | None]]:
    """Each round's moment, the level after it, and what raised it; falling as time allows."""
    watch, level, now = Watch(), 0, START
    drinks: list[Drunk] = []
    told: list[tuple[datetime, int, Crossing | None]] = []
    for minutes, milli in had:
        now += timedelta(minutes=minutes)
        due = falls_at(watch, level, case_open=False)
        if due is not None and now >= due:
            level = level_after(level, lifted=False, quiet=True)
        drinks.append(Drunk(at=now, milli=milli))
        found = pace_crossings(drinks, now, day_start=START, persons=1, settings=DEFAULT)
        fired = None
        for crossing in sorted(found, key=lambda crossing: -crossing.level):
            if may_raise(watch, level, crossing):
                fired, level = crossing, crossing.level
                watch = raised(watch, crossing, now)
                break
        if found:
            watch = stirred(watch, now)
        told.append((now, level, fired))
    return told


@given(rounds)
def test_a_rule_raises_at_most_once_in_its_window(had: list[tuple[int, int]]) -> None:
    """One evening's fourth beer must not call people five times. Rule 7 levels."""
    fired: dict[str, list[tuple[datetime, timedelta | None]]] = {}
    for now, _, crossing in drink(had):
        if crossing is not None:
            window = WINDOWS.get(crossing.rule)
            fired.setdefault(crossing.name, []).append((now, window))
    for times in fired.values():
        for (earlier, window), (later, _) in itertools.pairwise(times):
            assert window is not None, "the business day's total raises once a day"
            assert later - earlier >= window


@given(rounds)
def test_the_system_only_raises_but_for_a_quiet_hour(had: list[tuple[int, int]]) -> None:
    """From 3 on nothing falls by itself; 1 and 2 only after an hour without anything."""
    told = drink(had)
    for (before_at, before, _), (now, after, _) in itertools.pairwise(told):
        if after < before:
            assert before <= 2
            assert now - before_at >= QUIET or _last_stir(told, before_at) <= now - QUIET
        if before >= 3:
            assert after >= 3


def _last_stir(told: list[tuple[datetime, int, Crossing | None]], until: datetime) -> datetime:
    return max(at for at, _, crossing in told if crossing is not None and at <= until)


@given(st.integers(0, 5), st.booleans(), st.integers(0, 600))
def test_only_1_and_2_ever_fall_and_never_with_a_case_open(
    level: int, case_open: bool, minutes: int
) -> None:
    """Somebody who is on the way to a guest must not find the matter closed. Rule 7 levels."""
    watch = stirred(Watch(), START + timedelta(minutes=minutes))
    due = falls_at(watch, level, case_open=case_open)
    if level in (1, 2) and not case_open:
        assert due == START + timedelta(minutes=minutes) + QUIET
    else:
        assert due is None


@given(st.integers(0, 5))
def test_management_lifts_any_level_and_time_none_above_2(level: int) -> None:
    """The two ways down, and no third."""
    assert level_after(level, lifted=True, quiet=False) == 0
    assert level_after(level, lifted=False, quiet=True) == (0 if level <= 2 else level)
    assert level_after(level, lifted=False, quiet=False) == level


@given(st.integers(2, 5), st.integers(0, 7200), st.integers(0, 3))
def test_a_missed_deadline_always_has_a_next_one(level: int, late_s: int, tier: int) -> None:
    """Never silently dropped: after each tier there is another, and its time is to come.

    Rule 7 deadlines.
    """
    due_at = ladder.acknowledge_by(level, START)
    now = due_at + timedelta(seconds=late_s)
    assert now < ladder.again_at(level, due_at, now) <= now + ladder.ACKNOWLEDGE_WITHIN[level]
    assert tier <= ladder.next_tier(tier) <= ladder.TIER_MAX
    told = {a for step in range(tier + 1) for a in ladder.ALERTS[step]}
    assert told <= set(ladder.ALERTS[ladder.TIER_MAX])


def test_deadlines_are_those_of_the_rules() -> None:
    """Level 2 in 5 min with an outcome in 10, level 3 in 2 min, level 4 in 1. Rule 7 deadlines."""
    minutes = {level: at // timedelta(minutes=1) for level, at in ladder.ACKNOWLEDGE_WITHIN.items()}
    assert (minutes[2], minutes[3], minutes[4]) == (5, 2, 1)
    assert ladder.outcome_by(START, START + timedelta(minutes=3)) == START + timedelta(minutes=10)
    late = START + timedelta(minutes=12)
    assert ladder.outcome_by(START, late) == late + timedelta(minutes=10)


def test_only_fine_ends_a_hold_and_escalate_ends_nothing() -> None:
    """Water and a taxi are good; that somebody may drink again is for management to say."""
    for outcome in InterventionOutcome:
        assert ladder.closes(3, outcome) is (outcome is InterventionOutcome.FINE)
        assert ladder.closes(2, outcome) is (outcome is not InterventionOutcome.ESCALATE)
        assert ladder.is_lift(2, outcome) is False
