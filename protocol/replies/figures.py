"""Answers with figures. Money is in minor units of the venue's currency, days are trading days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.replies.base import reply
from protocol.values import Currency


@attrs.frozen(kw_only=True)
class Takings:
    """Money of one or more trading days. Net is gross less refunds and tax."""

    gross_minor: int
    refunds_minor: int
    tax_minor: int
    net_minor: int
    tips_minor: int


@reply
class Dashboard:
    """A venue now. `data_age_ms` is how far behind the node's memory this may be."""

    venue_id: UUID
    business_day: date
    as_of: datetime
    data_age_ms: int
    currency: Currency
    status: str
    capacity: int
    present: int
    sessions: int
    by_activity: Mapping[str, int]
    by_status: Mapping[str, int]
    by_safety_level: Mapping[str, int]
    takings: Takings
    visits_today: int
    open_tasks: int
    overdue_tasks: int
    on_duty: int
    on_duty_connected: int = 0
    """Of those on duty, people with a device that is connected now."""
    sos_open: int
    sos_unacknowledged: int


@attrs.frozen(kw_only=True)
class RevenuePart:
    """One part: an hour (00 to 23, local), a day, an activity, an item or a tender."""

    key: str
    name: str | None
    gross_minor: int
    count: int | None
    """How many were sold, of items."""


@reply
class RevenueFigures:
    """Revenue of a range beside the same weekdays before it."""

    venue_id: UUID
    from_: date
    to: date
    by: str
    currency: Currency
    totals: Takings
    parts: tuple[RevenuePart, ...]
    compared_from: date
    compared_to: date
    compared: Takings


@attrs.frozen(kw_only=True)
class SlotFigures:
    """A quarter of an hour, local time: persons there on average and at most, over the days."""

    at: str
    average_milli: int
    """Thousandths of a person."""
    most: int


@attrs.frozen(kw_only=True)
class StationUse:
    """How long a room or game was used, or how often it was played."""

    station_id: UUID
    kind: str
    name: str | None
    minutes: int
    plays: int
    used_bp: int | None
    """Of the time the days had, in hundredths of a percent."""


@reply
class OccupancyFigures:
    """Who was there when. `dwell` counts visits by minutes."""

    venue_id: UUID
    from_: date
    to: date
    visits: int
    peak_persons: int
    peak_day: date | None
    slots: tuple[SlotFigures, ...]
    dwell: Mapping[str, int]
    stations: tuple[StationUse, ...]


@attrs.frozen(kw_only=True)
class PatronGroup:
    """Five patrons or more of one month (`period` is its first day)."""

    period: date
    group: str
    patrons: int
    visits: int | None = None
    minutes: int | None = None
    spend_minor: int | None = None


@attrs.frozen(kw_only=True)
class ReturnRate:
    """Of a month's patrons, how many came again or had been there before."""

    period: date
    patrons: int
    returned: int
    rate_bp: int


@reply
class PatronFigures:
    """Groups of patrons; what is smaller than `least` is left out."""

    venue_id: UUID
    from_: date
    to: date
    least: int
    cohorts: tuple[PatronGroup, ...]
    spend_bands: tuple[PatronGroup, ...]
    activities: tuple[PatronGroup, ...]
    returns: tuple[ReturnRate, ...]


@attrs.frozen(kw_only=True)
class Percentiles:
    """Of times in milliseconds; null without a case."""

    cases: int
    p50_ms: int | None
    p95_ms: int | None


@attrs.frozen(kw_only=True)
class CoverageGap:
    """A time during which patrons were there and nobody was on duty."""

    starts_at: datetime
    ends_at: datetime


@reply
class StaffFigures:
    """Work of a range of days."""

    venue_id: UUID
    from_: date
    to: date
    currency: Currency
    worked_minutes: int
    net_minor: int
    net_per_hour_minor: int | None
    tasks: Percentiles
    """From assigned to accepted."""
    tasks_done: int
    tasks_on_time: int
    alarms: Percentiles
    """From press to acknowledgement."""
    tips_minor: int
    gaps: tuple[CoverageGap, ...]
    """The longest, at most 50."""


@reply
class SafetyFigures:
    """Safety of a range of days; the register itself is at `/api/safety/logs`."""

    venue_id: UUID
    from_: date
    to: date
    interventions_by_level: Mapping[str, int]
    interventions_by_outcome: Mapping[str, int]
    alarms: Percentiles
    alarms_by_severity: Mapping[str, int]
    unacknowledged: int
    refusals_of_service: int
    exclusions_in_force: Mapping[str, int]


@attrs.frozen(kw_only=True)
class ProjectedDay:
    """One day ahead: 80 of 100 days are expected between low and high."""

    day: date
    low: int
    mid: int
    high: int


@attrs.frozen(kw_only=True)
class PastError:
    """How wrong forecasts were: mean absolute error in hundredths of a percent."""

    days: int
    error_bp: int | None
    within_band_bp: int | None
    """How many days lay between low and high."""


@attrs.frozen(kw_only=True)
class Forecast:
    """Of one figure. `past` is told by forecasting days whose figures are known.

    `told` is of what this venue was told before, days and weeks ahead; null while nothing of that
    came true, and for visits, of which no forecast is kept.
    """

    metric: str
    days: tuple[ProjectedDay, ...]
    past: PastError
    told: PastError | None


@reply
class Projections:
    """Forecasts from the closed days of a window."""

    venue_id: UUID
    currency: Currency
    method: str
    trained_from: date
    trained_to: date
    revenue: Forecast
    visits: Forecast
    notes: Mapping[str, Any]
