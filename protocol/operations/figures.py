"""What management and owners are told of how it goes: money, presence, people, safety."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import integer
from protocol.codes import Code
from protocol.commands import Command, command, part
from protocol.domain_limits import FIGURES_DAYS_MAX
from protocol.errors import FieldError
from protocol.operations.addresses import query
from protocol.operations.base import Operation, in_category
from protocol.replies.figures import (
    Dashboard,
    OccupancyFigures,
    PatronFigures,
    Projections,
    RevenueFigures,
    SafetyFigures,
    StaffFigures,
)

CSV: Final = "text/csv"


class RevenueBy(enum.StrEnum):
    """What revenue is divided by."""

    HOUR = "hour"
    BUSINESS_DAY = "business_day"
    ACTIVITY = "activity"
    ITEM = "item"
    TENDER = "tender"


@part
class OfDays(Command):
    """What asks about trading days of a venue, both included."""

    venue_id: UUID
    from_: date
    to: date

    def faults(self) -> Iterable[FieldError]:
        """A range is in order and no longer than FIGURES_DAYS_MAX."""
        days = (self.to - self.from_).days + 1
        if days < 1:
            detail = f"must not be before from, which is {self.from_}; is {self.to}"
            yield FieldError("/to", "order", detail)
        elif days > FIGURES_DAYS_MAX:
            detail = f"at most {FIGURES_DAYS_MAX} days may be asked for; these are {days}"
            yield FieldError("/to", "out_of_range", detail)


@command
class GetDashboard(Command):
    """A venue as it is now, and its trading day so far."""

    venue_id: UUID


@command
class GetRevenue(OfDays):
    """Revenue of trading days; `by` is what it is divided by."""

    by: RevenueBy = RevenueBy.BUSINESS_DAY


@command
class GetOccupancy(OfDays):
    """Who was there when, how long, and what rooms and games were used."""


@command
class GetPatronAnalytics(OfDays):
    """Patrons in groups of five and more, by month; who opted out is in none."""


@command
class GetStaffAnalytics(OfDays):
    """Hours against revenue, and how fast tasks and alarms were taken."""


@command
class GetSafetyAnalytics(OfDays):
    """Interventions, alarms, refusals of service and exclusions."""


@command
class GetProjections(Command):
    """A forecast of revenue and presence, with how wrong earlier ones were."""

    venue_id: UUID
    days: Annotated[int, integer(1, 90)] = 14


# fmt: off
OPERATIONS: Final = in_category(
    "Analytics",
    Operation(
        GetDashboard, Role.MANAGEMENT, "GET /api/analytics/dashboard", query("dashboard"),
        Dashboard,
        summary="The floor now and the trading day so far; money is the sum of the ledger.",
    ),
    Operation(
        GetRevenue, Role.MANAGEMENT, "GET /api/analytics/revenue", query("revenue"),
        RevenueFigures,
        summary="Revenue, tax, tips and refunds, beside the same weekdays before.",
    ),
    Operation(
        GetOccupancy, Role.MANAGEMENT, "GET /api/analytics/occupancy", query("occupancy"),
        OccupancyFigures,
        summary="Persons by quarter of an hour, peak, dwell times, use of rooms and games.",
    ),
    Operation(
        GetPatronAnalytics, Role.MANAGEMENT, "GET /api/analytics/patrons", query("patron_figures"),
        PatronFigures,
        summary="Cohorts, return rate, spend bands, activities; groups under five are left out.",
    ),
    Operation(
        GetStaffAnalytics, Role.MANAGEMENT, "GET /api/analytics/staff", query("staff_figures"),
        StaffFigures,
        summary="Hours against revenue, response times, hours without anybody on duty, tips.",
    ),
    Operation(
        GetSafetyAnalytics, Role.MANAGEMENT, "GET /api/analytics/safety", query("safety_figures"),
        SafetyFigures,
        summary="Interventions by level and outcome, alarms, refusals, exclusions in force.",
        offers=(CSV,),
    ),
    Operation(
        GetProjections, Role.OWNER, "GET /api/analytics/projections", query("projections"),
        Projections,
        summary="Forecast with low, mid and high, its method, and the error of past forecasts.",
        errors=(Code.NOT_ENOUGH_HISTORY,), socket=False,
    ),
)
# fmt: on
