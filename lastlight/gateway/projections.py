"""GET /api/analytics/projections: history from the database, the forecast from a process beside us.

One forecast is made at a time, and kept until the venue closes another day.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import attrs
import msgspec
import structlog
import trio

from actors.runtime.answers import Answer
from lastlight.forecasts import METHOD, Asked, Told
from lastlight.gateway.calls import Call, Refused
from protocol.codec import to_json
from protocol.domain_limits import FORECAST_DAYS_LEAST, FORECAST_WINDOW_DAYS
from protocol.errors import Code, LastLightError, Refusal
from protocol.operations.figures import GetProjections
from protocol.replies.figures import Forecast, PastError, ProjectedDay, Projections
from storage.postgres.keeping import ForecastDay
from storage.postgres.queries_projections import History

log = structlog.get_logger(__name__)
_FORECAST_S: Final = 60.0
_DAYS_AHEAD: Final = 90
_KEPT_MAX: Final = 200
Read = Callable[[Call, date], Awaitable[History]]
Make = Callable[[Asked], Awaitable[Told]]
Keep = Callable[[UUID, datetime, str, Sequence[ForecastDay]], Awaitable[None]]


class ForecastFailed(LastLightError):
    """The process beside us gave no forecast. Its reason is in the log."""

    def __str__(self) -> str:
        return "the forecast could not be made; tell the operator"


async def forecast_beside(
    asked: Asked, *, module: str = "lastlight.forecasting", within_s: float = _FORECAST_S
) -> Told:
    """Forecast in a process of its own, which does not outlive the question.

    Raises:
        ForecastFailed: it failed, or took longer than `within_s`.
    """
    told = None
    with trio.move_on_after(within_s):
        told = await trio.run_process(
            [sys.executable, "-m", module],
            stdin=msgspec.json.encode(asked),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
    if told is None or told.returncode:
        reason = "too slow" if told is None else told.stderr.decode(errors="replace")[-2000:]
        log.error("forecast_failed", reason=reason)
        raise ForecastFailed
    return msgspec.json.decode(told.stdout, type=Told)


@attrs.frozen(kw_only=True, eq=False)
class Projecting:
    """Answers what may come. `read` gives the history of closed days since a day.

    What was told of revenue is kept by `keep`, to see later how true it came.
    """

    read: Read
    keep: Keep
    fresh_id: Callable[[], UUID]
    now: Callable[[], datetime]
    make: Make = forecast_beside
    _one: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    _kept: OrderedDict[tuple[UUID, date, str], Told] = attrs.field(factory=OrderedDict, init=False)

    async def project(self, call: Call) -> Answer:
        """The forecast of a venue.

        Raises:
            Refused: 409, fewer than FORECAST_DAYS_LEAST days are closed.
            LastLightError: the history can't be read, or the forecast can't be made.
        """
        command = call.command
        assert isinstance(command, GetProjections)
        since = self.now().date() - timedelta(days=FORECAST_WINDOW_DAYS)
        history = await self.read(call, since)
        if len(history.days) < FORECAST_DAYS_LEAST:
            raise Refused(
                Refusal(
                    Code.NOT_ENOUGH_HISTORY,
                    f"{len(history.days)} days are closed; a forecast needs {FORECAST_DAYS_LEAST}",
                    extra={"days": len(history.days), "days_needed": FORECAST_DAYS_LEAST},
                )
            )
        reply = Projections(
            venue_id=command.venue_id,
            currency=history.currency,
            method=METHOD,
            trained_from=history.days[0],
            trained_to=history.days[-1],
            revenue=await self._revenue(command, history),
            visits=await self._forecast(command, history, "visits", history.visits),
            notes={"days_without_a_visit": history.empty_days},
        )
        return Answer(status=200, body=to_json(reply))

    async def _revenue(self, command: GetProjections, history: History) -> Forecast:
        forecast = await self._forecast(command, history, "net_minor", history.net_minor)
        days = [(self.fresh_id(), day.day, day.low, day.mid, day.high) for day in forecast.days]
        assert history.kept_at is not None, "there are days"
        try:
            await self.keep(command.venue_id, history.kept_at, METHOD, days)
        except LastLightError as error:
            log.warning("forecast_not_kept", reason=str(error))
        told = _past(history.came_true) if history.came_true else None
        return attrs.evolve(forecast, told=told)

    async def _forecast(
        self, command: GetProjections, history: History, metric: str, values: Sequence[int]
    ) -> Forecast:
        told = await self._told((command.venue_id, history.days[-1], metric), values)
        first = history.days[-1] + timedelta(days=1)
        return Forecast(
            metric=metric,
            days=tuple(
                ProjectedDay(day=first + timedelta(days=n), low=low, mid=mid, high=high)
                for n, (low, mid, high) in enumerate(told.ahead[: command.days])
            ),
            past=_past(told.back),
            told=None,
        )

    async def _told(self, of: tuple[UUID, date, str], values: Sequence[int]) -> Told:
        async with self._one:
            if of not in self._kept:
                self._kept[of] = await self.make(Asked(values=[*values], days=_DAYS_AHEAD))
                if len(self._kept) > _KEPT_MAX:
                    self._kept.popitem(last=False)
            return self._kept[of]


def _past(back: Sequence[tuple[int, int, int, int]]) -> PastError:
    days, actual = len(back), sum(day[0] for day in back)
    wrong = sum(abs(day[0] - day[2]) for day in back)
    within = sum(day[1] <= day[0] <= day[3] for day in back)
    return PastError(
        days=days,
        error_bp=wrong * 10_000 // actual if actual > 0 else None,
        within_band_bp=within * 10_000 // days if days else None,
    )
