"""The database's alarms ring when a decision was wrong, and never when it was right."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from protocol.records.base import Record
from protocol.records.ledger import BusinessDay, LedgerAccount, LedgerPosting, Till
from protocol.records.money import CreditHold, Credits
from protocol.records.money_states import BusinessDayStatus, TillStatus
from protocol.records.platform import AuditEntry
from protocol.records.staff import StaffSchedule
from protocol.records.states import (
    ReservationKind,
    ReservationStatus,
    RoleName,
    ScheduleStatus,
    SessionStatus,
    TurnStatus,
)
from protocol.records.users import User, UserRole
from protocol.records.values import Period
from protocol.records.venues import KaraokeTurn, Reservation
from protocol.records.visits import Session
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.errors import DatabaseRefused
from tests.storage.samples import ALL_RECORDS, NOON, a, an_id, insert

VENUE = uuid.UUID(int=1)
HOUR = dt.timedelta(hours=1)


@contextlib.asynccontextmanager
async def writing(database: Database) -> AsyncIterator[Connection]:
    async with database.connect(DatabaseRole.WRITER) as connection, connection.transaction():
        yield connection


async def refused(database: Database, *records: Record) -> str | None:
    """The constraint that refuses these records together, or None if all are written."""
    try:
        async with writing(database) as connection:
            await insert(connection, *records)
    except DatabaseRefused as error:
        return error.constraint
    return None


ME = uuid.UUID(int=2)
ROOM = uuid.UUID(int=3)


def booked(start: dt.datetime, **values: Any) -> Any:
    return a(
        Reservation,
        **{
            "kind": ReservationKind.SLOT,
            "room_id": ROOM,
            "status": ReservationStatus.CONFIRMED,
            "during": Period(start=start, end=start + HOUR),
            **values,
        },
    )


def planned(start: dt.datetime, **values: Any) -> Any:
    return a(
        StaffSchedule,
        **{
            "staff_id": ME,
            "starts_at": start,
            "ends_at": start + HOUR,
            "status": ScheduleStatus.PUBLISHED,
            **values,
        },
    )


def posting(journal_id: uuid.UUID, amount_minor: int, currency: str = "JPY") -> Any:
    return a(LedgerPosting, journal_id=journal_id, amount_minor=amount_minor, currency=currency)


WRONG: dict[str, tuple[tuple[Record, ...], str]] = {
    "one address, whatever its case": (
        (a(User, email="Ann@lastlight.example"), a(User, email="ann@LastLight.example")),
        "users_email_key",
    ),
    "one role at a venue": (
        tuple(a(UserRole, user_id=ME, venue_id=VENUE, role=RoleName.STAFF) for _ in range(2)),
        "user_roles_user_id_venue_id_role_key",
    ),
    "one role at every venue": (
        tuple(a(UserRole, user_id=ME, venue_id=None, role=RoleName.OWNER) for _ in range(2)),
        "user_roles_user_id_venue_id_role_key",
    ),
    "one open session per patron": (
        (
            a(Session, user_id=ME, status=SessionStatus.ACTIVE),
            a(Session, user_id=ME, status=SessionStatus.CLOSING),
        ),
        "sessions_user_id_key",
    ),
    "one next singer per room": (
        tuple(a(KaraokeTurn, room_id=ROOM, status=TurnStatus.NEXT) for _ in range(2)),
        "karaoke_queue_room_id_key",
    ),
    "one number in the platform's own chain": (
        tuple(a(AuditEntry, venue_id=None, seq=1) for _ in range(2)),
        "audit_log_venue_id_seq_key",
    ),
    "rooms are never booked over one another": (
        (booked(NOON), booked(NOON + HOUR / 2, status=ReservationStatus.ARRIVED)),
        "reservations_no_overlap",
    ),
    "nobody is planned twice at a time": (
        (planned(NOON), planned(NOON + HOUR / 2)),
        "staff_schedules_no_overlap",
    ),
    "a wallet never goes below zero": ((a(Credits, paid_minor=-1),), "credits_check"),
    "no more is captured than was held": (
        (a(CreditHold, amount_minor=5, captured_minor=6),),
        "credit_holds_check",
    ),
    "only some accounts may be negative": (
        (a(LedgerAccount, may_be_negative=False, balance_minor=-1),),
        "ledger_accounts_check",
    ),
    "a journal sums to zero": (
        (posting(ME, 100), posting(ME, -99)),
        "ledger_postings_balanced",
    ),
    "a journal sums to zero in each currency": (
        (posting(ME, 100, "JPY"), posting(ME, -100, "EUR")),
        "ledger_postings_balanced",
    ),
}

RIGHT: dict[str, tuple[Record, ...]] = {
    "the address of an account that is gone": (
        a(User, email="ann@lastlight.example", deleted_at=NOON),
        a(User, email="ann@lastlight.example"),
    ),
    "roles at two venues": tuple(
        a(UserRole, user_id=ME, venue_id=an_id(), role=RoleName.STAFF) for _ in range(2)
    ),
    "a booking straight after another": (booked(NOON), booked(NOON + HOUR)),
    "a booking over a cancelled one": (
        booked(NOON),
        booked(NOON, status=ReservationStatus.CANCELLED),
    ),
    "bookings of two rooms": (booked(NOON), booked(NOON, room_id=an_id())),
    "places in line without a room": tuple(
        booked(NOON, kind=ReservationKind.WAITLIST, room_id=None) for _ in range(2)
    ),
    "open shifts and drafts over a planned one": (
        planned(NOON),
        planned(NOON, staff_id=None),
        planned(NOON, staff_id=None),
        planned(NOON, status=ScheduleStatus.DRAFT),
    ),
    "a journal in two currencies": (
        posting(ME, 100, "JPY"),
        posting(ME, 7, "EUR"),
        posting(ME, -7, "EUR"),
        posting(ME, -100, "JPY"),
    ),
}


@pytest.mark.parametrize("rule", WRONG)
async def test_what_must_not_be_is_refused(database: Database, rule: str) -> None:
    """The actor that owns the key decided wrongly, and the row must not get in (design 4)."""
    records, constraint = WRONG[rule]
    assert await refused(database, *records) == constraint


@pytest.mark.parametrize("rule", RIGHT)
async def test_what_may_be_is_taken(database: Database, rule: str) -> None:
    """An alarm over a right decision would stop a row that was promised to somebody."""
    assert await refused(database, *RIGHT[rule]) is None


async def test_a_key_may_change_hands_within_one_flush(database: Database) -> None:
    """The new drawer's till may be written before the old one's end, if both are in one flush."""
    old = a(Till, venue_id=VENUE, drawer="1", status=TillStatus.OPEN)
    assert await refused(database, old) is None
    async with writing(database) as connection:
        await insert(connection, attrs.evolve(old, id=an_id(), staff_id=an_id()))
        await connection.execute(
            "update tills set status = 'ended', ended_at = opened_at where id = $1", old.id
        )


async def test_a_closed_day_is_frozen(database: Database) -> None:
    """Rule 5; but a flush that repeats what is there does no harm. Rule 5 frozen."""
    day = a(
        BusinessDay,
        venue_id=VENUE,
        status=BusinessDayStatus.CLOSED,
        z_number=1,
        ends_at=NOON + 24 * HOUR,
    )
    assert await refused(database, day) is None
    async with writing(database) as connection:
        await connection.execute("update business_days set z_number = 1")
    for change in ("update business_days set z_number = 2", "delete from business_days"):
        with pytest.raises(DatabaseRefused, match="is closed"):
            async with database.connect(DatabaseRole.OWNER) as connection:
                await connection.execute(change)


async def test_the_writer_never_changes_what_is_append_only(database: Database) -> None:
    """L3: not even a bug of ours can rewrite the books; the privilege is not there."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        rows = await connection.fetch(
            "select c.relname as name, p.privilege"
            " from pg_class as c, unnest(array['update', 'delete']) as p(privilege)"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'"
            " and has_table_privilege('lastlight_writer', c.oid, p.privilege)"
        )
    granted = {(row["name"], row["privilege"]) for row in rows}
    ours = [record.table for record in ALL_RECORDS if record.table.schema == "public"]
    for table in ours:
        assert ((table.name, "update") in granted) == (not table.append_only), table.name
        assert (table.name, "delete") not in granted or not table.append_only


async def test_a_search_by_part_of_a_name_finds_it(database: Database) -> None:
    """Three characters of a name, whatever their case, find it through the index."""
    names = ("Ōkami Yuki", "okapi", "Yu", "", "Ann-Kathrin", "50% _off_")
    async with writing(database) as connection:
        await insert(
            connection,
            *(
                a(User, email=f"{n}@lastlight.example", display_name=name)
                for n, name in enumerate(names)
            ),
        )
        await connection.execute("set local enable_seqscan = off")
        for part, expected in (
            ("KAT", {"Ann-Kathrin"}),
            ("oka", {"okapi"}),
            ("uki", {"Ōkami Yuki"}),
        ):
            sql = "select display_name from users where trigrams(display_name) @> trigrams($1)"
            assert {row["display_name"] for row in await connection.fetch(sql, part)} == expected
            plan = await connection.fetch(f"explain {sql.replace('$1', repr(part))}")
            assert any("users_name_search" in row["QUERY PLAN"] for row in plan)
