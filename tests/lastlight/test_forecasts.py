"""Forecasts: what the process beside the node says, and what the node makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

import attrs
import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lastlight.forecasting import forecast
from lastlight.forecasts import METHOD, Asked, Told
from lastlight.gateway.calls import Call, Refused
from lastlight.gateway.projections import ForecastFailed, Projecting, forecast_beside
from protocol.domain_limits import FORECAST_DAYS_LEAST
from protocol.errors import Code
from protocol.operations.figures import GetProjections
from storage.postgres.errors import DatabaseUnavailable
from storage.postgres.keeping import ForecastDay
from storage.postgres.queries_projections import History

WEEK: Final = (1_000, 1_200, 1_100, 1_500, 3_000, 4_000, 2_000)
VENUE: Final = UUID(int=1)
NOW: Final = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TODAY: Final = NOW.date()


def weeks(count: int) -> list[int]:
    """A series with a weekly pattern, and a little that is none."""
    return [
        value + (37 * n) % 11 for n, value in enumerate(WEEK[day % 7] for day in range(count * 7))
    ]


def test_a_weekly_pattern_is_found() -> None:
    """Saturdays are told as Saturdays, and the band holds what comes."""
    told = forecast(Asked(values=weeks(12), days=14))
    assert len(told.ahead) == 14
    for n, (low, mid, high) in enumerate(told.ahead):
        assert low <= mid <= high
        assert mid == pytest.approx(WEEK[n % 7], rel=0.15)


def test_looking_back_uses_only_what_was_known_then() -> None:
    """Four weeks, each forecast before it came; the actual value stands first."""
    values = weeks(12)
    told = forecast(Asked(values=values, days=1))
    assert [day[0] for day in told.back] == values[-28:]
    wrong = sum(abs(actual - mid) for actual, _, mid, _ in told.back) / sum(values[-28:])
    assert wrong < 0.1


@pytest.mark.parametrize("value", [0, 500])
def test_a_constant_history_goes_on(value: int) -> None:
    """A venue that was shut for a month, or sells by subscription, breaks no fit."""
    told = forecast(Asked(values=[value] * 30, days=3))
    assert told.ahead == [(value,) * 3] * 3
    assert all(day == (value,) * 4 for day in told.back)


def test_nothing_is_forecast_below_zero() -> None:
    """A venue takes no negative sums in a day, however it shrinks."""
    values = [max(0, 2_000 - 60 * n) for n in range(40)]
    assert all(low >= 0 for low, _, _ in forecast(Asked(values=values, days=30)).ahead)


def test_less_than_three_weeks_are_no_history() -> None:
    """There is no season in what was seen twice."""
    with pytest.raises(ValueError, match="20 days are too few"):
        forecast(Asked(values=[1] * 20, days=1))


async def test_the_process_answers_what_the_function_does() -> None:
    """The libraries of statistics stay out of the node."""
    asked = Asked(values=[700] * 21, days=2)
    assert await forecast_beside(asked) == forecast(asked)


async def test_a_process_that_fails_is_told_as_that() -> None:
    """The reason is in the log; the caller is told whom to ask."""
    with pytest.raises(ForecastFailed, match="tell the operator") as caught:
        await forecast_beside(Asked(values=[1] * 21, days=1), module="lastlight.no_such_module")
    assert caught.value.refusal().code is Code.INTERNAL


async def test_a_process_that_takes_too_long_is_ended() -> None:
    """Nobody waits for it, and it is not left behind."""
    with trio.fail_after(30), pytest.raises(ForecastFailed):
        await forecast_beside(Asked(values=weeks(12), days=90), within_s=0.05)


@attrs.define
class Keeping:
    """Remembers what was told, unless it is away."""

    kept: list[tuple[UUID, dt.datetime, str, Sequence[ForecastDay]]] = attrs.field(factory=list)
    away: bool = False

    async def keep(
        self, venue_id: UUID, at: dt.datetime, method: str, days: Sequence[ForecastDay]
    ) -> None:
        if self.away:
            raise DatabaseUnavailable("away")
        self.kept.append((venue_id, at, method, days))


def a_history(days: int, *, ended: dt.date = TODAY, **values: Any) -> History:
    known = tuple(ended - dt.timedelta(days=n) for n in reversed(range(days)))
    given: dict[str, Any] = {
        "currency": "JPY",
        "days": known,
        "net_minor": tuple(100 for _ in known),
        "visits": tuple(5 for _ in known),
        "empty_days": 0,
        "kept_at": NOW if known else None,
        "came_true": (),
    }
    return History(**(given | values))


def a_call(days: int = 3) -> Call:
    """A question of an owner; who asks is the gateway's matter."""
    return cast("Call", _Asks(GetProjections(venue_id=VENUE, days=days)))


@attrs.frozen
class _Asks:
    command: GetProjections


@attrs.define
class World:
    """A history that grows, a process that is counted, and a memory of what was told."""

    history: History
    keeping: Keeping = attrs.field(factory=Keeping)
    asked: list[Asked] = attrs.field(factory=list)
    takes_s: float = 0.0

    async def read(self, call: Call, since: dt.date) -> History:
        assert since == NOW.date() - dt.timedelta(days=365)
        return self.history

    async def make(self, asked: Asked) -> Told:
        self.asked.append(asked)
        await trio.sleep(self.takes_s)
        return Told(ahead=[(1, 2, 3)] * asked.days, back=[(10, 8, 9, 12), (30, 20, 24, 28)])

    def projecting(self) -> Projecting:
        return Projecting(
            read=self.read,
            keep=self.keeping.keep,
            fresh_id=lambda: UUID(int=9),
            now=lambda: NOW,
            make=self.make,
        )


async def project(projecting: Projecting, days: int = 3) -> Any:
    return msgspec.json.decode((await projecting.project(a_call(days))).body)


async def test_too_little_history_is_a_conflict() -> None:
    """409 not_enough_history, with how much there is and how much is needed; nothing was asked."""
    world = World(a_history(FORECAST_DAYS_LEAST - 1))
    with pytest.raises(Refused) as caught:
        await world.projecting().project(a_call())
    refusal = caught.value.refusal()
    assert refusal.code is Code.NOT_ENOUGH_HISTORY
    assert refusal.extra == {"days": 20, "days_needed": 21}
    assert world.asked == []


async def test_a_forecast_tells_its_method_its_window_and_its_error() -> None:
    """Whoever plans by it sees how far to trust it."""
    world = World(a_history(21, came_true=((100, 80, 90, 110), (100, 80, 70, 90))))
    told = await project(world.projecting())
    assert told["method"] == METHOD
    assert (told["trained_from"], told["trained_to"]) == ("2026-10-31", "2026-11-20")
    assert told["revenue"]["days"][0] == {"day": "2026-11-21", "low": 1, "mid": 2, "high": 3}
    assert len(told["visits"]["days"]) == 3
    assert told["revenue"]["past"] == {"days": 2, "error_bp": 1_750, "within_band_bp": 5_000}
    assert told["revenue"]["told"] == {"days": 2, "error_bp": 2_000, "within_band_bp": 5_000}
    assert told["visits"]["told"] is None


async def test_a_forecast_is_made_once_for_what_is_known() -> None:
    """It takes seconds of a processor; another day that was closed makes another."""
    world = World(a_history(21))
    projecting = world.projecting()
    for days in (1, 90):
        await project(projecting, days)
    assert len(world.asked) == 2
    world.history = a_history(22, ended=NOW.date() + dt.timedelta(days=1))
    await project(projecting)
    assert len(world.asked) == 4


async def test_what_was_told_is_kept_even_if_only_for_now() -> None:
    """The database being away costs the memory of it, not the answer."""
    world = World(a_history(21))
    await project(world.projecting(), days=2)
    ((venue_id, kept_at, method, days),) = world.keeping.kept
    assert (venue_id, kept_at, method) == (VENUE, NOW, METHOD)
    assert [day[1:] for day in days] == [
        (dt.date(2026, 11, 21), 1, 2, 3),
        (dt.date(2026, 11, 22), 1, 2, 3),
    ]
    world.keeping.away = True
    assert len((await project(world.projecting()))["revenue"]["days"]) == 3


async def test_one_forecast_at_a_time_and_everybody_gets_it(autojump_clock: MockClock) -> None:
    """Ten owners who ask at once start no ten processes."""
    world = World(a_history(21), takes_s=30)
    projecting = world.projecting()
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(project, projecting)
        await wait_all_tasks_blocked()
        assert len(world.asked) == 1
    assert len(world.asked) == 2
    assert trio.current_time() == 60
