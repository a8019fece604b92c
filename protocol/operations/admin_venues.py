"""Places and their business days, for those who run them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import query, the_venue, venue_or_founding
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import VenueStatus
from protocol.replies.admin_venues import VenueDetail, VenueList
from protocol.replies.analytics import DayReport
from protocol.values import Currency, Cursor, Latitude, Longitude, Name, PageSize, Reason

WallTime = Annotated[str, text(max=5, pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]")]


@command
class ListVenues(Command):
    """All venues of the caller, with today's figures."""

    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class PutVenue(Command):
    """Make a venue (If-None-Match: *) or replace all that is said of it (If-Match).

    `tz` is an IANA name, `cutover` wall time from 00:00 to 12:00, `lat` and `lon` the centre of
    the fence, `radius_m` metres. `hours` as in the list of venues; `reason` is why the status
    changes.
    """

    venue_id: UUID
    name: Name
    tz: Annotated[str, text(min=1, max=60)]
    currency: Currency
    cutover: WallTime = "05:00"
    lat: Latitude
    lon: Longitude
    radius_m: Annotated[int, integer(50, 2000)] = 150
    capacity: Annotated[int, integer(1, 100_000)]
    hours: Annotated[Mapping[str, Any], items(0, 7)]
    status: VenueStatus
    reason: Reason | None = None
    address: Annotated[str, text(max=300)] | None = None
    tax_id: Annotated[str, text(max=60)] | None = None


@command
class CloseBusinessDay(Command):
    """Close a day; with `carry_over` also one with open orders, which go on to the next.

    Without a venue: the only one where the caller manages.
    """

    business_day: date
    venue_id: UUID | None = None
    carry_over: bool = False


# fmt: off
OPERATIONS: Final = in_category(
    "Admin",
    Operation(
        ListVenues, Role.OWNER, "GET /api/admin/venues", query("venues"), VenueList,
        summary="All venues with status, fence, capacity and today's figures.",
    ),
    Operation(
        PutVenue, Role.OWNER, "PUT /api/admin/venues/{venue_id}", venue_or_founding("venue_id"),
        VenueDetail,
        summary="Create a venue with If-None-Match: *, or replace it with If-Match.",
        key=KeyRule.ACCEPTED, precondition=True, creates=True, also=(201,),
        errors=(Code.CURRENCY_LOCKED,),
        emits=("venue.status_changed", "system.settings_changed"),
    ),
    Operation(
        CloseBusinessDay, Role.MANAGEMENT, "POST /api/admin/business-days/{business_day}/close",
        the_venue("venue_id"), DayReport,
        summary="Close a business day and number its Z report; 202 while it is summed up.",
        key=KeyRule.ACCEPTED, also=(202,),
        errors=(
            Code.TILL_OPEN, Code.OPEN_ORDERS_EXIST, Code.BUSINESS_DAY_CLOSED,
            Code.INVALID_TRANSITION,
        ),
        emits=("business_day.closed",),
    ),
)
# fmt: on
