"""Lists of visits, open and over: who sees which, in which order, page by page."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from protocol.addresses import Principal, Role
from protocol.operations.sessions_managed import ListSessionHistory, ListSessions
from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.records.visits import Session, SessionHistory
from storage.postgres.database import Database
from storage.postgres.paging import CursorInvalid
from storage.postgres.queries_sessions import session_history, sessions
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import a, an_id

ME, OTHER, HERE, THERE = an_id(), an_id(), an_id(), an_id()
DAY = dt.date(2026, 3, 28)
STAFF = a_principal(roles={HERE: Role.STAFF})


def an_open(**values: Any) -> Any:
    """A visit that goes on here."""
    given = {
        "venue_id": HERE,
        "user_id": an_id(),
        "status": SessionStatus.ACTIVE,
        "activity": Activity.LOUNGE,
        "zone": "floor 1",
        "business_day": DAY,
        "table_name": "T 1",
    }
    return a(Session, **{**given, **values})


def an_over(**values: Any) -> Any:
    """A visit that was here, and cost 300 in the lounge."""
    kept = {
        "version": 9,
        "currency": "JPY",
        "activity": "lounge",
        "party_size": 2,
        "zone": "floor 1",
        "table": None,
        "station_id": None,
        "safety_level": 1,
        "purchases_minor": 0,
        "time": [{"business_day": "2026-03-28", "activity": "lounge", "charge_minor": 300}],
        "elapsed_ms": {},
        "reason": None,
    }
    given = {
        "venue_id": HERE,
        "user_id": ME,
        "status": SessionStatus.CLOSED,
        "cause": CheckOutCause.PATRON,
        "business_day": DAY,
        "time_charge_minor": 300,
        "total_minor": 500,
        "summary": kept | values.pop("kept", {}),
    }
    return a(SessionHistory, **{**given, **values})


async def listed(database: Database, principal: Principal, **asked: Any) -> Any:
    command = ListSessions(**asked)
    async with asking(database, asked_by(principal, command.venue_id)) as connection:
        return await sessions(connection, command, asked_by(principal, command.venue_id))


async def history(database: Database, principal: Principal, **asked: Any) -> Any:
    command = ListSessionHistory(**asked)
    async with asking(database, asked_by(principal, command.venue_id)) as connection:
        return await session_history(connection, command, asked_by(principal, command.venue_id))


def ids(page: Any) -> list[UUID]:
    return [item.session_id for item in page.items]


async def test_open_and_over_are_one_list_newest_first(database: Database) -> None:
    """Who was here an hour ago is looked for where who is here now is."""
    rows = [an_over(), an_open(), an_over(status=SessionStatus.VOIDED, cause=None), an_open()]
    for row in rows:
        await store(database, row)
    page = await listed(database, STAFF)
    assert ids(page) == [row.id for row in reversed(rows)]
    assert page.next_cursor is None
    newest, voided, *_ = page.items
    assert (newest.table, newest.zone, newest.ended_at) == ("T 1", "floor 1", None)
    assert (voided.status, voided.party_size) == (SessionStatus.VOIDED, 2)
    assert (voided.display_name, voided.charged_minor) == (None, 300)


async def test_pages_follow_one_another_without_gap_or_repeat(database: Database) -> None:
    """What is added meanwhile comes before the first page, and moves nothing. Rule 16 pages."""
    rows = [an_open() if n % 2 else an_over() for n in range(7)]
    for row in rows:
        await store(database, row)
    found: list[UUID] = []
    cursor = None
    for _ in range(4):
        page = await listed(database, STAFF, limit=2, cursor=cursor)
        found += ids(page)
        cursor = page.next_cursor
        await store(database, an_open())
    assert found == [row.id for row in reversed(rows)]
    assert cursor is None


async def test_each_filter_leaves_what_was_asked_for(database: Database) -> None:
    """Filters are the contract's, over both kinds of rows."""
    other = {"zone": "floor 2", "activity": Activity.TABLE, "safety_level": 3}
    plain, odd = an_open(), an_open(status=SessionStatus.PAUSED, **other)
    over = an_over(
        business_day=DAY - dt.timedelta(days=1),
        kept={"zone": "floor 2", "activity": "table", "safety_level": 3},
    )
    await store(database, plain, odd)
    await store(database, over)
    asked: dict[str, tuple[object, list[Any]]] = {
        "status": (SessionStatus.PAUSED, [odd]),
        "activity": (Activity.TABLE, [over, odd]),
        "zone": ("floor 2", [over, odd]),
        "user_id": (plain.user_id, [plain]),
        "safety_level": (3, [over, odd]),
        "business_day": (DAY, [odd, plain]),
    }
    for name, (value, wanted) in asked.items():
        page = await listed(database, STAFF, **{name: value})
        assert set(ids(page)) == {row.id for row in wanted}, name
    closed = await listed(database, STAFF, status=SessionStatus.CLOSED)
    assert ids(closed) == [over.id]


async def test_staff_see_their_own_venues_alone(database: Database) -> None:
    """Rule 15: a role counts only at its venue, and own visits elsewhere are none of theirs."""
    here, there = an_open(), an_open(venue_id=THERE)
    own = an_open(venue_id=THERE, user_id=STAFF.user_id)
    await store(database, here, there, own)
    assert ids(await listed(database, STAFF)) == [here.id]
    assert ids(await listed(database, STAFF, venue_id=HERE)) == [here.id]
    assert ids(await listed(database, STAFF, venue_id=THERE)) == []


async def test_a_patron_sees_own_visits_that_are_over_and_what_they_cost(
    database: Database,
) -> None:
    """By activity and business day, with the receipt."""
    receipt = an_id()
    mine = an_over(receipt_id=receipt, duration_ms=3_600_000, billable_ms=1_800_000)
    await store(database, mine, an_over(user_id=OTHER))
    await store(database, an_open(user_id=ME))
    page = await history(database, a_principal(ME))
    (row,) = page.items
    assert (row.session_id, row.receipt_id, row.total_minor) == (mine.id, receipt, 500)
    assert (row.duration_ms, row.billable_ms, row.currency) == (3_600_000, 1_800_000, "JPY")
    (charge,) = row.charges
    assert (charge.business_day, charge.activity, charge.charge_minor) == (
        DAY,
        Activity.LOUNGE,
        300,
    )
    assert ids(await history(database, a_principal(ME), user_id=OTHER)) == []
    assert ids(await history(database, a_principal(ME), user_id=ME)) == [mine.id]
    assert ids(await history(database, a_principal(ME), venue_id=THERE)) == []


async def test_staff_see_the_venues_history_and_their_own_anywhere(database: Database) -> None:
    """As staff those of the venue; as guests their own, wherever it was."""
    here = an_over(kept={"reason": "wrong guest"}, status=SessionStatus.VOIDED, cause=None)
    own = an_over(user_id=STAFF.user_id, venue_id=THERE, business_day=DAY)
    await store(database, here, own, an_over(venue_id=THERE))
    page = await history(database, STAFF)
    assert ids(page) == [here.id]
    assert (page.items[0].reason, page.items[0].cause) == ("wrong guest", None)
    assert ids(await history(database, STAFF, user_id=STAFF.user_id)) == [own.id]
    assert ids(await history(database, STAFF, user_id=ME)) == [here.id]
    assert ids(await history(database, STAFF, business_day=DAY - dt.timedelta(days=1))) == []


async def test_history_comes_in_pages_too(database: Database) -> None:
    """Newest first, with a cursor for the rest."""
    rows = [an_over() for _ in range(3)]
    await store(database, *rows)
    for principal in (a_principal(ME), STAFF):
        first = await history(database, principal, limit=2)
        rest = await history(database, principal, limit=2, cursor=first.next_cursor)
        assert ids(first) + ids(rest) == [row.id for row in reversed(rows)]


async def test_a_cursor_of_somebody_elses_making_is_refused(database: Database) -> None:
    """400, and nothing is read."""
    for ask in (listed, history):
        with pytest.raises(CursorInvalid):
            await ask(database, STAFF, cursor="nonsense")
