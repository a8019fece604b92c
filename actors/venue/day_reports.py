"""A business day as its report shows it."""

from __future__ import annotations

import msgspec

from actors.rules.profile import VenueProfile
from actors.venue.days import is_closing
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus
from protocol.replies.analytics import DayFigures, DayReport, DayState, ReportKind


def report_of(profile: VenueProfile, day: BusinessDay) -> DayReport:
    """The report of a day that is closed, or being closed."""
    closed = day.status is BusinessDayStatus.CLOSED
    figures = msgspec.convert(day.totals, DayFigures) if closed else None
    head = day.journal_head_hash
    return DayReport(
        kind=ReportKind.Z if closed else ReportKind.X,
        venue_id=day.venue_id,
        business_day=day.business_day,
        status=DayState.CLOSED
        if closed
        else DayState.CLOSING
        if is_closing(day)
        else DayState.OPEN,
        z_number=day.z_number,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        currency=profile.currency,
        gross_minor=None if figures is None else figures.gross_minor,
        variance_minor=None if figures is None else figures.variance_minor,
        figures=figures,
        closed_at=day.closed_at,
        closed_by=day.closed_by,
        journal_head_hash=None if head is None else head.hex(),
        version=day.version,
    )
