"""Analytics: figures that are recomputed at will, and so have no version and no owner.

Jobs write them; nothing decides by them.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.values import Json


@record(
    Table(
        name="daily_metrics",
        key=("venue_id", "business_day", "metric", "dimension"),
        versioned=False,
        tenant="venue_id",
    )
)
class DailyMetric(Record):
    """One figure; `dimension` is empty for the total, `value` an integer in the metric's unit."""

    venue_id: UUID
    business_day: date
    metric: str
    dimension: str
    value: int
    computed_at: datetime
    ledger_seq: int | None


@record(
    Table(
        name="revenue_projections",
        key=("id",),
        unique=(Unique(("venue_id", "target_day", "made_at")),),
        versioned=False,
        tenant="venue_id",
    )
)
class RevenueProjection(Record):
    """A forecast, and later what came true."""

    id: UUID
    venue_id: UUID
    target_day: date
    made_at: datetime
    method: str
    low_minor: int
    mid_minor: int
    high_minor: int
    actual_minor: int | None = None


@record(
    Table(
        name="patron_analytics",
        key=("venue_id", "user_pseudonym", "period"),
        versioned=False,
        tenant="venue_id",
    )
)
class PatronAnalytics(Record):
    """Behaviour of one pseudonymous patron in a month, `period` its first day.

    Read only as groups of 5 and more; who opted out has no rows.
    """

    venue_id: UUID
    user_pseudonym: UUID
    period: date
    visits: int
    minutes: int
    spend_minor: int
    activities: Json
    cohort: str
    updated_at: datetime
