"""Rooms and tables are had in whole blocks, the first of them longer (Rule 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from actors.rules.bookings import block_end, paid_until, refuse_minutes
from actors.rules.metering import Segment, block_minor
from actors.rules.settings import DEFAULT
from protocol.errors import Code
from protocol.records.states import Activity, SegmentMode

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
MINUTE, MS = timedelta(minutes=1), timedelta(milliseconds=1)
ROOM, OTHER = UUID(int=1), UUID(int=2)


def a_stay(start: int, end: int | None, room: UUID = ROOM, rate: int = 3_000) -> Segment:
    return Segment(
        started_at=START + start * MINUTE,
        ended_at=None if end is None else START + end * MINUTE,
        activity=Activity.KARAOKE_ROOM,
        station_id=room,
        rate_minor_per_h=rate,
        mode=SegmentMode.BLOCK,
    )


@pytest.mark.parametrize(
    ("minutes", "end"), [(0, 30), (1, 30), (30, 30), (31, 45), (45, 45), (46, 60), (200, 210)]
)
def test_a_block_that_has_begun_is_paid_whole(minutes: int, end: int) -> None:
    """30 min first, then 15 each."""
    assert block_end(START, START + minutes * MINUTE, DEFAULT) == START + end * MINUTE


@pytest.mark.parametrize("minutes", range(1, 130, 7))
def test_until_its_end_a_block_costs_no_more(minutes: int) -> None:
    """What is paid for can be stayed for: the charge is the same to the block's last instant."""
    end = block_end(START, START + minutes * MINUTE, DEFAULT)
    ms = (end - START) // MS
    paid = block_minor(minutes * 60_000, 3_000, settings=DEFAULT)
    assert block_minor(ms, 3_000, settings=DEFAULT) == paid
    assert block_minor(ms + 1, 3_000, settings=DEFAULT) > paid


def test_adjacent_stays_of_one_room_and_rate_are_one() -> None:
    """The cutover splits a segment, and not the block."""
    now = START + 40 * MINUTE
    assert paid_until([a_stay(0, 20), a_stay(20, None)], now, DEFAULT) == START + 45 * MINUTE


@pytest.mark.parametrize("before", [a_stay(0, 20, OTHER), a_stay(0, 20, rate=2_000), a_stay(0, 19)])
def test_another_room_another_rate_or_a_break_begin_anew(before: Segment) -> None:
    """Rule 3: only what is adjacent, in one place and at one rate merges."""
    now = START + 40 * MINUTE
    assert paid_until([before, a_stay(20, None)], now, DEFAULT) == START + 50 * MINUTE


def test_without_a_block_that_runs_nothing_is_paid_ahead() -> None:
    """Continuous time has no end of its own."""
    lounge = Segment(
        started_at=START,
        activity=Activity.LOUNGE,
        rate_minor_per_h=600,
        mode=SegmentMode.CONTINUOUS,
    )
    assert paid_until([], START, DEFAULT) is None
    assert paid_until([lounge], START, DEFAULT) is None
    assert paid_until([a_stay(0, 20)], START, DEFAULT) is None


def test_only_whole_blocks_are_added() -> None:
    """15 minutes by default."""
    assert refuse_minutes(45, DEFAULT) is None
    refusal = refuse_minutes(20, DEFAULT)
    assert refusal is not None
    assert refusal.code is Code.VALIDATION_FAILED
