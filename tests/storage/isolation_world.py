"""Two venues with the same life in each, so that row-level security has something to keep apart.

`here` and `there` are equal but for their ids: whoever of `here` sees a row of `there` sees too
much. Every table of the contract has a row in each.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import typing
import uuid
from collections.abc import AsyncIterator
from typing import Any

import attrs

from protocol.records import safety, users, venues, visits
from protocol.records.base import Record
from protocol.records.ledger import BusinessDay
from protocol.records.money import Purchase
from protocol.records.money_states import BusinessDayStatus
from protocol.records.payments import StripeEvent
from protocol.records.platform import AuditEntry
from protocol.records.staff import StaffSchedule
from protocol.records.states import (
    BroadcastAudience,
    IncidentStatus,
    RoleName,
    ScheduleStatus,
    SessionStatus,
    VenueStatus,
)
from storage.postgres.database import Connection, Database, DatabaseRole
from tests.storage.samples import ALL_RECORDS, NOON, a, an_id

PUBLIC_TABLES = tuple(record for record in ALL_RECORDS if record.table.schema == "public")


@attrs.frozen(kw_only=True)
class Place:
    """A venue and the people of it."""

    venue_id: uuid.UUID = attrs.field(factory=an_id)
    patron: uuid.UUID = attrs.field(factory=an_id)
    staff: uuid.UUID = attrs.field(factory=an_id)
    manager: uuid.UUID = attrs.field(factory=an_id)
    owner: uuid.UUID = attrs.field(factory=an_id)

    def rows(self) -> dict[str, Record]:
        """One row of every table, all of them about `patron`."""
        return {record.table.name: self.row(record) for record in PUBLIC_TABLES}

    def row(self, record: type[Record], **values: Any) -> Any:
        """A row of one table at this venue about its patron, with `values`."""
        hints = typing.get_type_hints(record)
        about: dict[str, Any] = {"venue_id": self.venue_id, "user_id": self.patron}
        given = {name: value for name, value in about.items() if name in hints}
        return a(record, **{**given, **self._special().get(record, {}), **values})

    def _special(self) -> dict[type[Record], dict[str, Any]]:
        return {
            users.User: {"id": self.patron, "email": f"{self.patron}@lastlight.example"},
            users.UserRole: {"role": RoleName.STAFF},
            users.AuthSession: {"token_hash": self.patron.bytes},
            users.AuthToken: {"token_hash": self.patron.bytes},
            users.Exclusion: {"starts_at": NOON - dt.timedelta(days=1)},
            venues.Venue: {"id": self.venue_id, "status": VenueStatus.OPEN, "radius_m": 150},
            venues.Broadcast: {"audience": BroadcastAudience.EVERYONE},
            visits.Session: {"status": SessionStatus.ACTIVE},
            visits.SessionHistory: {"status": SessionStatus.CLOSED},
            safety.Incident: {"status": IncidentStatus.RAISED},
            safety.IncidentEvent: {"incident_id": self._incident_id},
            BusinessDay: {
                "status": BusinessDayStatus.OPEN,
                "ends_at": NOON + dt.timedelta(days=1),
            },
            Purchase: {"item_id": an_id()},
            StripeEvent: {"event_id": f"evt_{self.venue_id}"},
            StaffSchedule: {
                "status": ScheduleStatus.PUBLISHED,
                "ends_at": NOON + dt.timedelta(hours=8),
            },
            AuditEntry: {"actor_id": self.owner},
        }

    @property
    def _incident_id(self) -> uuid.UUID:
        return uuid.uuid5(self.venue_id, "incident")


def the_rows(place: Place) -> dict[str, Record]:
    """As `place.rows()`, with those that belong together put together."""
    rows = place.rows()
    rows["incidents"] = attrs.evolve(
        typing.cast("Any", rows["incidents"]),
        id=typing.cast("Any", rows["incident_events"]).incident_id,
    )
    postings = typing.cast("Any", rows["ledger_postings"])
    rows["ledger_postings"] = attrs.evolve(postings, amount_minor=0)
    return rows


@contextlib.asynccontextmanager
async def asking(
    database: Database,
    user_id: uuid.UUID | None = None,
    role: str = "",
    at: tuple[uuid.UUID, ...] = (),
) -> AsyncIterator[Connection]:
    """A reader's transaction, in which the context of one caller is set."""
    async with (
        database.connect(DatabaseRole.READER) as connection,
        connection.transaction(readonly=True),
    ):
        if user_id is not None:
            await connection.execute(
                "select set_config('app.user_id', $1, true), set_config('app.role', $2, true),"
                " set_config('app.venue_ids', $3, true)",
                str(user_id),
                role,
                ",".join(str(venue_id) for venue_id in at),
            )
        yield connection


async def visible(connection: Connection, record: type[Record]) -> set[tuple[Any, ...]] | None:
    """The keys of all rows that may be read, or None if the table may not be asked at all."""
    table = record.table
    granted = await connection.fetchval(
        "select has_any_column_privilege(current_user, $1, 'select')", table.name
    )
    if not granted:
        return None
    rows = await connection.fetch(f"select {', '.join(table.key)} from {table.name}")
    return {tuple(row[column] for column in table.key) for row in rows}


def letters(*groups: tuple[str, str]) -> dict[str, str]:
    """`("pso", "a b")` becomes `{"a": "pso", "b": "pso"}`; no table stands twice."""
    pairs = [(table, who) for who, names in groups for table in names.split()]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)
