"""When jobs are planned: pure functions of the moment, so a restart shifts nothing.

Occasions of `Every` lie on a grid that begins at the epoch; those of `DailyAt` at a wall time of
one place: where clocks skip it, at the first instant after, where they show it twice, at the first.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import attrs

from actors.rules.business_day import start_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)


class Schedule(Protocol):
    """Occasions, one after another."""

    def after(self, moment: datetime) -> datetime:
        """The first occasion after a moment."""
        ...

    def latest(self, moment: datetime) -> datetime:
        """The last occasion that is not after a moment."""
        ...


@attrs.frozen
class Every:
    """Again and again after the same time."""

    interval: timedelta

    def after(self, moment: datetime) -> datetime:
        """The first occasion after a moment."""
        return self.latest(moment) + self.interval

    def latest(self, moment: datetime) -> datetime:
        """The last occasion that is not after a moment."""
        return moment - (moment - _EPOCH) % self.interval


@attrs.frozen
class DailyAt:
    """Once a day at a wall time of `tz`."""

    at: time
    tz: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """The first occasion after a moment."""
        day = moment.astimezone(self.tz).date() - _DAY
        while (occasion := start_of(day, self.tz, self.at)) <= moment:
            day += _DAY
        return occasion

    def latest(self, moment: datetime) -> datetime:
        """The last occasion that is not after a moment."""
        day = moment.astimezone(self.tz).date() + _DAY
        while (occasion := start_of(day, self.tz, self.at)) > moment:
            day -= _DAY
        return occasion
