"""What is kept for how long: every table has its line, and nothing goes early."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from lastlight.behaviours import BEHAVIOURS
from protocol.domain_limits import PUSH_SILENT_DAYS, SYNC_SILENT_DAYS
from protocol.reads import meets
from protocol.records import (
    analytics,
    ledger,
    money,
    payments,
    platform,
    runtime,
    safety,
    staff,
    users,
    venues,
    visits,
)
from protocol.records.base import Record
from protocol.records.money_states import StripeEventStatus
from protocol.records.states import ReservationStatus, SessionStatus, TaskStatus
from protocol.records.values import Period
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.retention import LINES, OURS, SQL, How, Line, Retention
from tests.storage.samples import ALL_RECORDS, a, an_id, insert

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPEC_YEAR: Final = timedelta(days=365)
HOUR: Final = timedelta(hours=1)


def _id() -> Any:
    return an_id()


def over(block: str, at: datetime) -> tuple[Record, ...]:
    """What a block forgets if it ended at this moment; the last one is what goes."""
    day = at.date()
    match block.removeprefix("forget_"):
        case "user_roles":
            return (a(users.UserRole, venue_id=an_id(), revoked_at=at),)
        case "sessions_auth":
            return (a(users.AuthSession, expires_at=at + 5 * SPEC_YEAR, revoked_at=at),)
        case "auth_tokens":
            return (a(users.AuthToken, expires_at=at),)
        case "age_verifications":
            return (a(users.AgeVerification, at=at),)
        case "user_limits":
            user = a(users.User, erased_at=at, deleted_at=at)
            return (user, a(users.UserLimit, user_id=user.id))
        case "exclusions":
            return (a(users.Exclusion, starts_at=at, ended_at=at),)
        case "venue_settings":
            return (a(venues.VenueSetting, superseded_at=at),)
        case "session_segments":
            return (a(visits.SessionSegment, started_at=at, ended_at=at),)
        case "session_history":
            return (
                a(visits.SessionHistory, status=SessionStatus.CLOSED, started_at=at, ended_at=at),
            )
        case "location_reports":
            return (a(visits.LocationReport, received_at=at),)
        case "interventions":
            return (a(safety.Intervention, closed_at=at),)
        case "safety_checks":
            return (a(visits.SafetyCheck, sent_at=at),)
        case "broadcasts":
            return (a(venues.Broadcast, at=at),)
        case "reservations":
            during = Period(start=at - HOUR, end=at)
            gone = ReservationStatus.COMPLETED
            return (a(venues.Reservation, status=gone, created_at=at - HOUR, during=during),)
        case "karaoke_queue":
            return (a(venues.KaraokeTurn, added_at=at),)
        case "payment_methods":
            return (a(payments.PaymentMethod, removed_at=at),)
        case "stripe_events" | "payloads":
            applied = StripeEventStatus.APPLIED
            return (a(payments.StripeEvent, status=applied, received_at=at, payload={"a": 1}),)
        case "staff_schedules":
            return (a(staff.StaffSchedule, starts_at=at - HOUR, ends_at=at),)
        case "staff_tasks":
            return (a(staff.StaffTask, status=TaskStatus.DONE, done_at=at),)
        case "staff_performance":
            return (a(staff.StaffPerformance, business_day=day),)
        case "shift_handovers":
            return (a(staff.ShiftHandover, at=at),)
        case "daily_metrics":
            return (a(analytics.DailyMetric, business_day=day),)
        case "revenue_projections":
            return (a(analytics.RevenueProjection, target_day=day),)
        case "patron_analytics":
            return (a(analytics.PatronAnalytics, period=day),)
        case "idempotency_keys":
            return (a(platform.IdempotencyKey, expires_at=at),)
        case "notification_deliveries":
            return (a(platform.NotificationDelivery, sent_at=at, incident_id=None),)
        case "incident_deliveries":
            return (a(platform.NotificationDelivery, sent_at=at, incident_id=_id()),)
        case "erasure_jobs":
            return (a(platform.ErasureJob, done_at=at),)
        case "dead_letters":
            return (a(runtime.DeadLetter, at=at),)
    raise AssertionError(block)


DONE_HERE: Final = [
    line
    for line in (*LINES, *OURS)
    if line.block is not None and line.table not in {"replays", "reconciliations"}
]
DAYS: Final = timedelta(days=40)
"""Some tables know only the day or the month in which something ended."""


def contract() -> dict[str, str]:
    """The contract's word on each table: docs/rules.md does not have it, its records do."""
    return {record.table.name: "" for record in ALL_RECORDS if record.table.schema == "public"}


def test_every_table_of_the_contract_has_a_line() -> None:
    """A table without one would be kept for ever, or go when nobody expects it."""
    assert {line.table for line in LINES} == contract().keys()
    assert len(contract()) == 60
    for line in LINES:
        assert line.block is not None or line.why or line.how is How.ERASURE, line
        assert (line.how in (How.JOB, How.FLUSH)) <= (line.block is not None or bool(line.why))
    blocks = {name for name in SQL if name.startswith("forget_")}
    assert blocks == {line.block for line in (*LINES, *OURS)} - {None}


def test_books_and_trails_are_never_forgotten() -> None:
    """L3 and L7: no statement takes from what is chained by hashes or numbered without gaps."""
    kept = {line.table for line in LINES if line.how is How.KEPT}
    assert {
        "ledger_journals", "ledger_postings", "audit_log", "safety_logs", "incident_events",
        "receipts", "business_days", "transactions",
    } <= kept  # fmt: skip
    for block in SQL.values():
        for table in kept:
            assert not re.search(rf"(delete from|update) {table}\b", block.sql), block.name
    assert all(line.keep == 7 * 366 * timedelta(days=1) for line in LINES if line.how is How.KEPT)


@pytest.mark.parametrize(
    ("table", "least"),
    [
        ("auth_tokens", timedelta(days=7)),
        ("sessions_auth", timedelta(days=30)),
        ("user_roles", 7 * SPEC_YEAR),
        ("exclusions", 7 * SPEC_YEAR),
        ("location_reports", timedelta(hours=72)),
        ("event_outbox", timedelta(hours=72)),
        ("safety_checks", SPEC_YEAR),
        ("reservations", 2 * SPEC_YEAR),
        ("karaoke_queue", timedelta(days=30)),
        ("payment_methods", timedelta(days=90)),
        ("notification_deliveries", timedelta(days=90)),
        ("staff_tasks", 2 * SPEC_YEAR),
        ("staff_schedules", 3 * SPEC_YEAR),
        ("erasure_jobs", 3 * SPEC_YEAR),
        ("actor_timers", timedelta(days=7)),
        ("sync_devices", timedelta(days=180)),
        ("push_devices", timedelta(days=270)),
        ("audit_log", 7 * SPEC_YEAR),
        ("transactions", 7 * SPEC_YEAR),
    ],
)
def test_times_are_at_least_those_of_the_contract(table: str, least: timedelta) -> None:
    """Longer by the days of leap years at most, never shorter."""
    times = [line.keep for line in LINES if line.table == table]
    shortest = min(time for time in times if time is not None)
    assert least <= shortest <= least + timedelta(days=8)
    assert (PUSH_SILENT_DAYS, SYNC_SILENT_DAYS) == (270, 180)


@pytest.mark.parametrize("line", DONE_HERE, ids=lambda line: str(line.block))
def test_no_actor_loads_what_is_forgotten(line: Line) -> None:
    """What an actor holds may be changed, and a change of a row that is gone would be refused.

    Rows of visits are loaded when somebody looks at one of years ago, and never changed again.
    """
    assert line.keep is not None
    assert line.block is not None
    if line.table in {"session_segments", "session_history", "interventions", "safety_checks"}:
        return
    record = over(line.block, NOW - line.keep - DAYS)[-1]
    for behaviour in BEHAVIOURS.values():
        for read in behaviour.reads:
            if read.record is type(record) and line.table != "user_limits":
                met = all(meets(record, condition, NOW.timestamp()) for condition in read.where)
                assert read.where, (behaviour.kind, read)
                assert not met, (behaviour.kind, read)


async def count(database: Database, record: type[Record]) -> int:
    """Rows of a table."""
    name = f"{record.table.schema}.{record.table.name}"
    async with database.connect(DatabaseRole.WRITER) as connection:
        return int(await connection.fetchval(f"select count(*) from {name}"))


async def test_what_is_past_its_time_goes_and_nothing_goes_early(database: Database) -> None:
    """One row of each kind that ended too long ago, and one that has some time left."""
    retention = Retention(database=database, now=lambda: NOW)
    young: list[Record] = []
    old: list[Record] = []
    for line in DONE_HERE:
        assert line.keep is not None
        assert line.block is not None
        old += over(line.block, NOW - line.keep - DAYS)
        young += over(line.block, NOW - line.keep + HOUR)
    async with database.connect(DatabaseRole.WRITER) as connection:
        for one in young:
            await insert(connection, one)
    before = {type(one): await count(database, type(one)) for one in young}
    early = await retention.forget()
    # The payload goes after 90 days, long before its event.
    assert early == {"payloads": 1}
    assert {kind: await count(database, kind) for kind in before} == before
    async with database.connect(DatabaseRole.WRITER) as connection:
        for one in old:
            await insert(connection, one)
    gone = await retention.forget()
    assert gone == {
        line.block.removeprefix("forget_"): 1 + (line.block == "forget_payloads")
        for line in DONE_HERE
        if line.block is not None
    } | {"payloads": 2}
    after = {kind: await count(database, kind) for kind in before}
    assert after[users.User] == before[users.User] + 1
    assert await retention.forget() == {}


async def test_what_never_ended_stays(database: Database) -> None:
    """However old: an open task, a live exclusion, a fix of an incident, a parked event."""
    ages_ago = datetime(2001, 1, 1, tzinfo=UTC)
    rows: tuple[Record, ...] = (
        a(staff.StaffTask, status=TaskStatus.OPEN, created_at=ages_ago, due_at=ages_ago),
        a(users.Exclusion, starts_at=ages_ago, ends_at=ages_ago + HOUR),
        a(visits.LocationReport, received_at=ages_ago, incident_id=an_id()),
        a(payments.StripeEvent, status=StripeEventStatus.PARKED, received_at=ages_ago, payload={}),
        a(venues.Reservation, status=ReservationStatus.REQUESTED, created_at=ages_ago),
        a(users.UserRole, venue_id=an_id(), granted_at=ages_ago),
        a(payments.PaymentMethod, created_at=ages_ago),
        a(platform.ErasureJob, requested_at=ages_ago, due_at=ages_ago),
        a(money.Transaction, posted_at=ages_ago, occurred_at=ages_ago),
        a(
            ledger.BusinessDay,
            business_day=date(2001, 1, 1),
            starts_at=ages_ago,
            ends_at=ages_ago + HOUR,
            closed_at=ages_ago,
        ),
        a(safety.SafetyLog, occurred_at=ages_ago, received_at=ages_ago),
    )
    async with database.connect(DatabaseRole.WRITER) as connection:
        await insert(connection, *rows)
    assert await Retention(database=database, now=lambda: NOW).forget() == {}


async def test_comparisons_with_the_provider_go_after_their_years(database: Database) -> None:
    """They are the house's word on its cards; after as long as its books, nobody can ask."""
    async with database.connect(DatabaseRole.WRITER) as connection:
        for years in (6, 8):
            await connection.execute(
                "insert into runtime.reconciliations values ($1, $2, $3, '{}', '[]')",
                an_id(),
                (NOW - years * SPEC_YEAR).date(),
                NOW - years * SPEC_YEAR,
            )
    retention = Retention(database=database, now=lambda: NOW)
    assert await retention.forget() == {"reconciliations": 1}
    assert await retention.forget() == {}
