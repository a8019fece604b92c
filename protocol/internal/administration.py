"""Running a venue: what it tells itself in its time, and what it has looked up in the books.

Chains: CloseBusinessDay = venue → outside (open orders) → venue → outside (totals) → venue;
PutVenue = platform → venue → platform to found one, and venue → outside → venue for a currency.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.admin_venues import CloseBusinessDay, PutVenue
from protocol.replies.admin_venues import VenueDetail
from protocol.replies.analytics import DayFigures


@command
class ComeIntoForce(Command):
    """Venue → itself: the time of planned settings has come."""

    planned_id: UUID


@command
class TurnHours(Command):
    """Venue → itself: its hours begin, come to last orders, or end."""


@command
class ClearFloor(Command):
    """Venue → itself: end further visits, those after a session's id; the venue has closed."""

    after: UUID


@command
class CloseDay(Command):
    """Venue → itself, an hour after a business day's end: close it; or go on with closing it.

    `tries` counts how often tills that should have ended were waited for.
    """

    business_day: date
    tries: int = 0


@command
class CountOpenOrders(Command):
    """Venue → outside: how many orders of a day are not paid?"""

    request: CloseBusinessDay
    venue_id: UUID
    ends_at: datetime


@command
class OpenOrdersCounted(Command):
    """Outside → venue: so many; None if the books could not be read."""

    request: CloseBusinessDay
    count: int | None


@command
class SumUpDay(Command):
    """Venue → outside: the totals of a day to which nothing is posted any more."""

    venue_id: UUID
    business_day: date
    starts_at: datetime
    ends_at: datetime


@command
class DaySummedUp(Command):
    """Outside → venue: the ledger's figures; `journal_head` is its newest hash, in hex."""

    business_day: date
    figures: DayFigures
    journal_head: str | None


@command
class DayNotSummedUp(Command):
    """Outside → venue: the books could not be read; they are asked again later."""

    business_day: date


@command
class FindJournals(Command):
    """Venue → outside: was anything ever posted here? Then the currency stays."""

    request: PutVenue
    venue_id: UUID
    version: int


@command
class JournalsFound(Command):
    """Outside → venue: whether there is any; None if the books could not be read."""

    request: PutVenue
    version: int
    found: bool | None


@command
class FoundVenue(Command):
    """Platform → venue, which is not there yet: be."""

    request: PutVenue


@command
class VenueFounded(Command):
    """Venue → platform: answer the request."""

    detail: VenueDetail
