"""What is kept for how long: a line for each table, and forgetting what is past its time.

What goes by itself is deleted here in small statements, so that the write-behind never waits long,
and only rows that no actor loads or changes any more. What an actor may still hold, the actor
removes. Books, registers and trails are chained by hashes or numbers (Rule 9, L3 and L7): they are
kept for at least their seven years, and nothing here ever takes from them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Address
from protocol.background_limits import (
    RETENTION_ROWS_AT_ONCE,
    RETENTION_ROWS_MAX,
    SILENT_ACCOUNTS_MAX,
    TIMERS_FORGOTTEN_ACTORS_MAX,
)
from protocol.domain_limits import PUSH_SILENT_DAYS, SYNC_SILENT_DAYS
from storage.postgres.asked import blocks_of
from storage.postgres.database import Database, DatabaseRole

SQL: Final = blocks_of("retention")
_DAY: Final = timedelta(days=1)
YEAR: Final = 366 * _DAY
"""Never less than a year of the calendar."""


class How(enum.StrEnum):
    """Who sees to it that a row does not outlive its time."""

    JOB = "job"
    """This job."""
    ACTOR = "actor"
    """The actor that owns it, when the time comes or when it is asked to."""
    ERASURE = "erasure"
    """The erasure of its person (Rule 16)."""
    FLUSH = "flush"
    """The write-behind, where new ones take their place, and this job for the rest."""
    KEPT = "kept"
    """Nobody: it is part of what stays, for at least the time that the contract gives it."""


@attrs.frozen
class Line:
    """One table's time; `keep` counts from when the row ended, as its block says."""

    table: str
    how: How
    keep: timedelta | None = None
    block: str | None = None
    why: str = ""


def _job(table: str, keep: timedelta, block: str | None = None) -> Line:
    return Line(table, How.JOB, keep, f"forget_{block or table}")


_KEPT: Final = tuple(
    Line(table, How.KEPT, 7 * YEAR, why=why)
    for table, why in (
        ("users", "an erased row is its id and pseudonym, which money rows name"),
        ("venues", "while it operates, and what happened there names it"),
        ("safety_logs", "chained by hashes"),
        ("incidents", "their timelines are chained, and the register counts them"),
        ("incident_events", "chained by hashes"),
        ("transactions", "postings name them"),
        ("credits", "with the account"),
        ("credit_grants", "refunds go back to the lot they came from"),
        ("credit_holds", "journals name them"),
        ("ledger_accounts", "balances"),
        ("ledger_journals", "L3 and L7: never deleted, chained by hashes"),
        ("ledger_postings", "L3 and L7: never deleted, chained by hashes"),
        ("purchases", "receipts and refunds name them"),
        ("refunds", "journals name them"),
        ("receipts", "numbered without gaps"),
        ("payments", "journals name them"),
        ("disputes", "journals name them"),
        ("credit_packages", "transactions name them"),
        ("tills", "the books of a day name them"),
        ("business_days", "Z numbers have no gaps"),
        ("staff_shifts", "tills and sales name them"),
        ("games", "a tag is never given twice"),
        ("karaoke_rooms", "bookings and visits name them"),
        ("menu_items", "a SKU is never given twice"),
        ("inventory_levels", "what is there now"),
        ("stock_movements", "the stock book"),
        ("audit_log", "chained by hashes"),
    )
)

LINES: Final[Sequence[Line]] = (
    *_KEPT,
    _job("user_roles", 7 * YEAR),
    _job("sessions_auth", 30 * _DAY),
    Line("user_preferences", How.ERASURE),
    _job("auth_tokens", 7 * _DAY),
    Line("push_devices", How.ACTOR, PUSH_SILENT_DAYS * _DAY, why="removed, or 270 days silent"),
    _job("age_verifications", 3 * YEAR),
    _job("user_limits", 3 * YEAR),
    _job("exclusions", 7 * YEAR),
    _job("venue_settings", 7 * YEAR),
    Line("sessions", How.ACTOR, why="a visit that is over moves to session_history"),
    _job("session_segments", 7 * YEAR),
    _job("session_history", 7 * YEAR),
    _job("location_reports", 3 * _DAY),
    _job("interventions", 7 * YEAR),
    _job("safety_checks", YEAR),
    _job("broadcasts", 7 * YEAR),
    _job("reservations", 2 * YEAR),
    _job("karaoke_queue", 30 * _DAY),
    _job("payment_methods", 90 * _DAY),
    _job("stripe_events", 90 * _DAY, "payloads"),
    _job("stripe_events", YEAR),
    _job("staff_schedules", 3 * YEAR),
    _job("staff_tasks", 2 * YEAR),
    _job("staff_performance", 3 * YEAR),
    _job("shift_handovers", 2 * YEAR),
    _job("daily_metrics", 7 * YEAR),
    _job("revenue_projections", 2 * YEAR),
    _job("patron_analytics", 2 * YEAR),
    Line("idempotency_keys", How.FLUSH, _DAY, "forget_idempotency_keys"),
    Line("sync_devices", How.ACTOR, SYNC_SILENT_DAYS * _DAY, why="180 days silent"),
    Line("event_outbox", How.JOB, 3 * _DAY, why="by the job of room views, which hold them then"),
    _job("notification_deliveries", 90 * _DAY),
    _job("notification_deliveries", 7 * YEAR, "incident_deliveries"),
    Line("actor_timers", How.ACTOR, 7 * _DAY, why="after they fired"),
    _job("erasure_jobs", 3 * YEAR),
)
"""All tables of the contract. An idempotency key ends seven days after its request; a day later it
goes, if no other key took its place before."""

OURS: Final[Sequence[Line]] = (
    _job("dead_letters", 30 * _DAY),
    _job("replays", 30 * _DAY),
    _job("reconciliations", 7 * YEAR),
    Line(
        "time_used", How.ACTOR, 32 * _DAY, why="the days that own limits count, at the next visit"
    ),
)
"""Tables of the node's own that would grow. Of a comparison with the provider's books people may
be asked as long as of the books; one of `time_used` has at most as many rows as a limit has days.
"""


@attrs.frozen(kw_only=True, eq=False)
class Retention:
    """Forgets what is past its time. All methods raise DatabaseUnavailable while it is away."""

    database: Database
    now: Callable[[], datetime]

    async def forget(self) -> Mapping[str, int]:
        """Forget, table by table; how many rows of which.

        At most RETENTION_ROWS_MAX of each, RETENTION_ROWS_AT_ONCE at once; each statement is a
        transaction of its own, so an interrupted run is taken up where it ended.
        """
        forgotten: dict[str, int] = {}
        for line in (*LINES, *OURS):
            if line.block is None or line.keep is None:
                continue
            count = await self._forget(SQL[line.block].sql, self.now() - line.keep)
            if count:
                forgotten[line.block.removeprefix("forget_")] = count
        return forgotten

    async def silent_accounts(self) -> Sequence[Address]:
        """Accounts with devices that were silent for too long; they forget them themselves."""
        pushes = self.now() - PUSH_SILENT_DAYS * _DAY
        first_id = UUID(int=int(pushes.timestamp() * 1000) << 80)
        queues = self.now() - SYNC_SILENT_DAYS * _DAY
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(
                SQL["silent_accounts"].sql, pushes, first_id, queues, SILENT_ACCOUNTS_MAX
            )
        return [Address(ActorKind.ACCOUNT, row["user_id"]) for row in rows]

    async def actors_with_fired_timers(self, before: datetime) -> Sequence[Address]:
        """Actors that keep timers which fired before then, and forget them when they are asked."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(
                SQL["actors_with_fired_timers"].sql, before, TIMERS_FORGOTTEN_ACTORS_MAX
            )
        return [Address(ActorKind(row["actor_type"]), row["actor_id"]) for row in rows]

    async def _forget(self, sql: str, before: datetime) -> int:
        total = 0
        while total < RETENTION_ROWS_MAX:
            async with self.database.connect(DatabaseRole.WRITER) as connection:
                count = int(await connection.fetchval(sql, before, RETENTION_ROWS_AT_ONCE))
            total += count
            if count < RETENTION_ROWS_AT_ONCE:
                break
        return total
