"""What owners see of their venues today, and what the books answer the venues themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lastlight.integrations.books import Books
from protocol.addresses import OUTSIDE, Position, Role
from protocol.commands import Command
from protocol.internal.administration import (
    CountOpenOrders,
    DaySummedUp,
    FindJournals,
    JournalsFound,
    OpenOrdersCounted,
    SumUpDay,
)
from protocol.messages import Message
from protocol.operations.admin_venues import CloseBusinessDay, ListVenues, PutVenue
from protocol.records.money_states import (
    TransactionKind,
)
from protocol.records.runtime import DutyPlace, FloorPlace
from protocol.records.states import VenueStatus
from protocol.replies.analytics import DayFigures
from storage.postgres.database import Database
from storage.postgres.queries_admin import venues
from storage.postgres.reading import Reader
from tests.storage.day_world import (
    HERE,
    OWNER,
    PAID,
    STARTS,
    THERE,
    TILL,
    TODAY,
    YESTERDAY,
    a_busy_day,
    a_day,
    a_place,
    business,
    report,
)
from tests.storage.query_world import (
    JOURNAL,
    Flushed,
    a_principal,
    asked_by,
    asking,
    move_flush,
    store,
)
from tests.storage.samples import NOON, a, an_id


async def test_owners_see_their_venues_with_todays_figures(database: Database) -> None:
    """Persons, not sessions, count against the capacity; a day being closed is not today."""
    seats = [
        a(FloorPlace, venue_id=HERE, party_size=3, version=2),
        a(FloorPlace, venue_id=HERE, party_size=2, version=2),
        a(FloorPlace, venue_id=HERE, party_size=5, version=1),
        a(FloorPlace, venue_id=THERE, party_size=7, version=2),
    ]
    totals = {"gross_minor": 1_100, "tax_minor": 100, "last_minor": 1}
    await store(
        database, a_place(), a_place(THERE), a_day(totals=totals), a_day(YESTERDAY, z_number=1),
        a(DutyPlace, venue_id=HERE), *seats,
    )  # fmt: skip
    asked = asked_by(OWNER)
    async with asking(database, asked) as connection:
        (one,) = (await venues(connection, ListVenues(), asked)).items
    assert one.venue.venue_id == HERE
    today = one.today
    assert (today.business_day, today.gross_minor, today.tax_minor) == (TODAY, 1_100, 100)
    assert (today.present, today.sessions, today.on_duty) == (5, 2, 1)
    asked = asked_by(a_principal(everywhere=Role.OWNER))
    async with asking(database, asked) as connection:
        first = await venues(connection, ListVenues(limit=1), asked)
        second = await venues(connection, ListVenues(limit=1, cursor=first.next_cursor), asked)
    assert {first.items[0].venue.venue_id, second.items[0].venue.venue_id} == {HERE, THERE}
    assert second.next_cursor is None


async def told(database: Database, command: Command) -> Any:
    """What the books answer a venue."""
    await move_flush(database, 5)
    books = Books(reader=Reader(database, Flushed()), durable=lambda: Position(JOURNAL, 5))
    message = Message(id=an_id(), target=OUTSIDE, command=command, at=NOON)
    (send,) = await books.performers()[type(command)](message)
    assert send.target.id == HERE
    return send.command


async def test_the_books_answer_the_venue(database: Database) -> None:
    """The same figures that people see, for the node itself, which asks as nobody."""
    await a_busy_day(database)
    shown = (await report(database)).figures
    asked = SumUpDay(
        venue_id=HERE, business_day=TODAY, starts_at=STARTS, ends_at=STARTS + timedelta(days=1)
    )
    summed = await told(database, asked)
    assert isinstance(summed, DaySummedUp)
    assert isinstance(summed.figures, DayFigures)
    assert (summed.figures, summed.journal_head) == (shown, "00" * 32)
    request = CloseBusinessDay(business_day=TODAY)
    counting = CountOpenOrders(request=request, venue_id=HERE, ends_at=NOON + timedelta(hours=1))
    assert await told(database, counting) == OpenOrdersCounted(request=request, count=1)
    early = CountOpenOrders(request=request, venue_id=HERE, ends_at=NOON)
    assert (await told(database, early)).count == 0


@pytest.mark.parametrize("posted", [True, False])
async def test_the_books_say_whether_anything_was_posted(database: Database, posted: bool) -> None:
    """Then the currency stays."""
    await store(database, a_place())
    if posted:
        await store(database, *business(TransactionKind.TOPUP, 1, {TILL: -1, PAID: 1}))
    put = PutVenue(
        venue_id=HERE, name="x", tz="Asia/Tokyo", currency="EUR", lat=0.0, lon=0.0, capacity=1,
        hours={}, status=VenueStatus.OPEN,
    )  # fmt: skip
    answer = await told(database, FindJournals(request=put, venue_id=HERE, version=1))
    assert answer == JournalsFound(request=put, version=1, found=posted)
