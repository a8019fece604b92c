"""Thirty nights of a venue in the tables: 500 visits a night, with everything that hangs on them.

Rows are multiplied inside of PostgreSQL from one of each kind, so half a million take seconds.
They have the shapes, ids in order of time, and spread of real ones; books and chains don't add up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import Purchase, Refund, Transaction
from protocol.records.platform import AuditEntry
from protocol.records.safety import Incident, SafetyLog
from protocol.records.staff import StaffShift, StaffTask
from protocol.records.users import User, UserRole
from protocol.records.venues import Reservation, Venue
from protocol.records.visits import Session, SessionHistory
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from tests.storage.samples import NOON, a, an_id, insert

NIGHTS: Final = 30
VISITS: Final = 500
PATRONS: Final = 2000
BEGAN: Final = NOON - timedelta(days=NIGHTS)

SUMMARY: Final = {
    "version": 3, "currency": "JPY", "activity": "lounge", "party_size": 1, "zone": None,
    "table": None, "station_id": None, "safety_level": 0, "purchases_minor": 2000, "time": [],
    "elapsed_ms": {}, "reason": None,
}  # fmt: skip
HASHES: Final = {"prev_hash": bytes(32), "hash": bytes(32)}
_ID_AT: Final = """
create function pg_temp.id_at(at timestamptz, n bigint) returns uuid language sql immutable
    return (
        lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000'
        || '8' || lpad(to_hex(n), 15, '0')
    )::uuid;
create function pg_temp.patron(n bigint) returns uuid language sql immutable
    return ('00000000-0000-7000-8000-' || lpad(to_hex(n % {patrons}), 12, '0'))::uuid;
"""


@attrs.frozen(kw_only=True)
class History:
    """Who and what there is."""

    venue_id: UUID
    other_id: UUID
    patron_id: UUID
    session_id: UUID
    transaction_id: UUID


@attrs.frozen(kw_only=True)
class Kind:
    """Rows of one table: `per_night` copies of `base`, each with these columns of its own.

    In `columns`, `at` is the time of the row, `n` its number within the night, `number` over all.
    """

    base: Record
    per_night: int
    columns: str


async def _multiply(connection: Connection, kind: Kind) -> None:
    """Make the copies. `base` stays too."""
    await insert(connection, kind.base)
    table = kind.base.table.name
    keys = " and ".join(f"one.{key} = $1" for key in kind.base.table.key)
    columns = mapping_of(type(kind.base)).columns_sql
    await connection.execute(
        f"""
        insert into {table} ({columns})
        select {", ".join(f"made.{column}" for column in columns.split(", "))}
        from (select one as whole from {table} as one where {keys}) as base,
            generate_series(0, $3::bigint - 1) as night,
            generate_series(0, $4::bigint - 1) as n,
            lateral (select
                night * $4 + n as number,
                $2::timestamptz + night * interval '1 day' + n * interval '1 day' / $4 as at
            ) as place,
            lateral jsonb_populate_record(base.whole, jsonb_build_object({kind.columns})) as made
        """,
        kind.base.primary_key[0],
        BEGAN,
        NIGHTS,
        kind.per_night,
        timeout_s=120,
    )


def _kinds(here: UUID) -> tuple[Kind, ...]:
    """Everything that grows with the nights."""
    return _kinds_of_visits(here) + _kinds_of_work(here)


def _kinds_of_visits(here: UUID) -> tuple[Kind, ...]:
    """What patrons do, and what it costs."""
    day = "'business_day', at::date"
    id_of = "'id', pg_temp.id_at(at, number)"
    guest = "'user_id', pg_temp.patron(number * 7)"
    return (
        Kind(
            base=a(SessionHistory, venue_id=here, status="closed", summary=SUMMARY),
            per_night=VISITS,
            columns=f"{id_of}, {guest}, {day},"
            " 'started_at', at, 'ended_at', at + interval '2 hours', 'duration_ms', 7200000,"
            " 'billable_ms', 7200000, 'time_charge_minor', 2000 + n, 'total_minor', 4000 + n",
        ),
        Kind(
            base=a(
                Transaction,
                venue_id=here,
                kind="purchase",
                status="posted",
                tender="credits",
                business_day=NOON.date(),
                posted_at=NOON,
            ),
            per_night=2 * VISITS,
            columns=f"{id_of}, {guest}, {day},"
            " 'kind', (array['purchase', 'usage', 'topup', 'tip'])[1 + n % 4],"
            " 'tender', (array['credits', 'cash', 'card'])[1 + n % 3], 'occurred_at', at,"
            " 'posted_at', at, 'payment_id', null, 'amount_minor', 100 + n,"
            " 'session_id', pg_temp.id_at(at, number / 2)",
        ),
        Kind(
            base=a(Purchase, venue_id=here, status="served", item_id=an_id()),
            per_night=2 * VISITS,
            columns="'id', pg_temp.id_at(at, number), 'user_id', pg_temp.patron(number * 7),"
            " 'transaction_id', pg_temp.id_at(at, number), 'created_at', at",
        ),
        Kind(
            base=a(LedgerJournal, venue_id=here, seq=0, source="purchase", **HASHES),
            per_night=2 * VISITS,
            columns=f"'id', pg_temp.id_at(at, number), 'transaction_id', pg_temp.id_at(at, number),"
            f" 'seq', number + 1, {day}, 'posted_at', at,"
            " 'source', (array['purchase', 'usage:x', 'hold', 'release'])[1 + n % 4]",
        ),
        Kind(
            base=a(LedgerPosting, venue_id=here, account_code=f"venue:{here}:revenue:food"),
            per_night=4 * VISITS,
            columns="'id', pg_temp.id_at(at, number), 'journal_id', pg_temp.id_at("
            "$2::timestamptz + night * interval '1 day' + (n / 2) * interval '1 day' / ($4 / 2),"
            " number / 2), 'line', n % 2, 'amount_minor', 100 - 200 * (n % 2)",
        ),
    )


def _kinds_of_work(here: UUID) -> tuple[Kind, ...]:
    """What staff and management do and write down, night by night."""
    return (
        Kind(
            base=a(Refund, venue_id=here, provider_ref=None),
            per_night=20,
            columns="'id', pg_temp.id_at(at, number), 'user_id', pg_temp.patron(number * 7),"
            " 'status', (array['requested', 'succeeded', 'rejected'])[1 + n % 3],"
            " 'requested_at', at, 'requested_by', pg_temp.patron(number)",
        ),
        Kind(
            base=a(StaffShift, venue_id=here, status="ended"),
            per_night=15,
            columns="'id', pg_temp.id_at(at, number), 'staff_id', pg_temp.patron(number % 15),"
            " 'started_at', at, 'ended_at', at + interval '8 hours', 'status', 'ended'",
        ),
        Kind(
            base=a(StaffTask, venue_id=here, status="done"),
            per_night=80,
            columns="'id', pg_temp.id_at(at, number), 'assignee_id', pg_temp.patron(number % 15),"
            " 'status', case when night = $3 - 1 and n > 60 then 'open' else 'done' end,"
            " 'created_at', at, 'priority', (array['low', 'normal', 'high'])[1 + n % 3]",
        ),
        Kind(
            base=a(Incident, venue_id=here, status="resolved"),
            per_night=40,
            columns="'id', pg_temp.id_at(at, number), 'raised_by', pg_temp.patron(number % 15),"
            " 'status', case when night = $3 - 1 and n > 35 then 'notifying' else 'resolved' end,"
            " 'raised_at', at, 'last_press_at', at",
        ),
        Kind(
            base=a(SafetyLog, venue_id=here, seq=0, kind="observation", **HASHES),
            per_night=150,
            columns="'id', pg_temp.id_at(at, number), 'seq', number + 1, 'occurred_at', at,"
            " 'received_at', at, 'user_id', pg_temp.patron(number * 7),"
            " 'kind', (array['observation', 'refusal_of_service', 'verification'])[1 + n % 3]",
        ),
        Kind(
            base=a(AuditEntry, venue_id=here, seq=0, action="session.voided", **HASHES),
            per_night=300,
            columns="'id', pg_temp.id_at(at, number), 'seq', number + 1, 'at', at,"
            " 'actor_id', pg_temp.patron(number % 15), 'object_id', number::text,"
            " 'action', (array['session.voided', 'price.changed', 'user.read'])[1 + n % 3]",
        ),
        Kind(
            base=a(Reservation, venue_id=here, status="completed", kind="waitlist", room_id=None),
            per_night=40,
            columns="'id', pg_temp.id_at(at, number), 'user_id', pg_temp.patron(number * 7),"
            " 'created_at', at",
        ),
    )


async def generate(connection: Connection) -> History:
    """Fill the tables; `connection` is the superuser's, and no constraint looks on."""
    here, other = an_id(), an_id()
    await connection.execute("set session_replication_role = replica; set statement_timeout = 0")
    await connection.execute(_ID_AT.replace("{patrons}", str(PATRONS)))
    venues = [
        a(Venue, id=id_, status="open", radius_m=150, tz="Asia/Tokyo", currency="JPY")
        for id_ in (here, other)
    ]
    await insert(connection, *venues)
    person = a(User, email="plain@lastlight.example", display_name="plain", status="active")
    await insert(connection, person)
    await connection.execute(
        """
        insert into users
        select made.* from users as base, generate_series(0, $2::bigint - 1) as n,
            lateral jsonb_populate_record(base, jsonb_build_object(
                'id', pg_temp.patron(n), 'email', 'guest' || n || '@lastlight.example',
                'display_name', 'Guest ' || n, 'pseudonym', gen_random_uuid()
            )) as made
        where base.id = $1
        """,
        person.id,
        PATRONS,
    )
    for kind in _kinds(here):
        await _multiply(connection, kind)
    open_one = a(Session, venue_id=here, status="active", activity="lounge")
    await insert(connection, open_one)
    await insert(connection, a(UserRole, venue_id=here, user_id=person.id, role="staff"))
    await connection.execute("set session_replication_role = default")
    await connection.execute("analyze")
    patron = await connection.fetchval("select pg_temp.patron(7)")
    return History(
        venue_id=here,
        other_id=other,
        patron_id=patron,
        session_id=open_one.id,
        transaction_id=await connection.fetchval("select id from transactions order by id limit 1"),
    )


async def add_newer(connection: Connection, history: History) -> None:
    """A few more rows of each kind, as they come while somebody reads a list."""
    await connection.execute("set session_replication_role = replica")
    for kind in _kinds(history.venue_id):
        id_ = UUID(int=(0x7FFF << 112) | an_id().int)
        changed = (
            {"id": id_, "seq": 10**9 + an_id().int} if hasattr(kind.base, "seq") else {"id": id_}
        )
        await insert(connection, kind.base.evolve(**changed))
    await connection.execute("set session_replication_role = default")
