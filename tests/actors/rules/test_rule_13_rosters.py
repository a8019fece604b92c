"""Rule 13: nobody is planned twice at once, nor with less than 11 hours of rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.rosters import REST, clashes, refuse_clashes
from protocol.errors import Code

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA, BEN = UUID(int=1), UUID(int=2)


@attrs.frozen
class Planned:
    """A shift from one hour of the week to another."""

    starts: int
    ends: int
    staff_id: UUID | None = ANNA

    @property
    def starts_at(self) -> datetime:
        return MONDAY + self.starts * HOUR

    @property
    def ends_at(self) -> datetime:
        return MONDAY + self.ends * HOUR


@pytest.mark.parametrize(
    ("shifts", "code"),
    [
        ((Planned(18, 26), Planned(37, 45)), None),
        ((Planned(18, 26), Planned(36, 45)), Code.REST_RULE_VIOLATED),
        ((Planned(18, 26), Planned(26, 30)), Code.REST_RULE_VIOLATED),
        ((Planned(18, 26), Planned(25, 30)), Code.SCHEDULE_OVERLAP),
        ((Planned(18, 26), Planned(18, 26)), Code.SCHEDULE_OVERLAP),
        ((Planned(18, 26), Planned(18, 26, BEN)), None),
        ((Planned(18, 26, None), Planned(18, 26, None)), None),
        ((Planned(0, 8), Planned(10, 12), Planned(11, 14)), Code.SCHEDULE_OVERLAP),
        ((Planned(0, 40), Planned(2, 4), Planned(45, 50)), Code.SCHEDULE_OVERLAP),
    ],
)
def test_overlap_comes_before_rest_and_open_shifts_clash_with_nothing(
    shifts: tuple[Planned, ...], code: Code | None
) -> None:
    """409 for what can't be, 422 for what must not be; in whatever order they are given.

    Rule 13 rest.
    """
    for given_shifts in (shifts, shifts[::-1]):
        refusal = refuse_clashes(given_shifts)
        assert (None if refusal is None else refusal.code) is code


def test_a_short_shift_within_a_long_one_hides_no_lack_of_rest() -> None:
    """Rest counts from the end of the long one."""
    found = clashes((Planned(0, 40), Planned(2, 4), Planned(45, 50)))
    assert [(c.overlaps, c.first.ends_at) for c in found] == [
        (True, MONDAY + 40 * HOUR),
        (False, MONDAY + 40 * HOUR),
    ]


shift = st.builds(
    lambda start, length, who: Planned(start, start + length, who),
    st.integers(0, 100),
    st.integers(1, 24),
    st.sampled_from([ANNA, BEN, None]),
)


@given(st.lists(shift, max_size=6))
def test_a_plan_passes_just_when_no_two_shifts_of_anybody_are_too_close(
    plan: list[Planned],
) -> None:
    """Against every pair, looked at one by one."""
    pairs = [
        (a, b)
        for n, a in enumerate(plan)
        for b in plan[n + 1 :]
        if a.staff_id is not None and a.staff_id == b.staff_id
    ]
    overlap = any(a.starts_at < b.ends_at and b.starts_at < a.ends_at for a, b in pairs)
    tight = any(a.starts_at < b.ends_at + REST and b.starts_at < a.ends_at + REST for a, b in pairs)
    refusal = refuse_clashes(plan)
    if overlap:
        assert refusal is not None
        assert refusal.code is Code.SCHEDULE_OVERLAP
    else:
        assert (refusal is not None) == tight
        assert refusal is None or refusal.code is Code.REST_RULE_VIOLATED
