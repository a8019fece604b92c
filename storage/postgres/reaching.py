"""Reads by what people can be reached, and keeps what became of reaching them.

Notes of deliveries belong to no actor: they are put in by their id, and a later one of the same
id goes over it. Its tries are those since the note before, and are added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from protocol.reaching import Device, Reach, VenueSign
from protocol.records.platform import NotificationDelivery
from protocol.records.states import PushPlatform
from storage.postgres.asked import blocks_of
from storage.postgres.database import Database, DatabaseRole, Row
from storage.postgres.mapping import mapping_of

SQL: Final = blocks_of("reaching")
_NOTES: Final = mapping_of(NotificationDelivery)
_KEPT: Final = (
    "status = excluded.status, next_try_at = excluded.next_try_at, error = excluded.error,"
    " sent_at = coalesce(notification_deliveries.sent_at, excluded.sent_at),"
    " delivered_at = coalesce(excluded.delivered_at, notification_deliveries.delivered_at),"
    " tries = notification_deliveries.tries + excluded.tries,"
    " version = notification_deliveries.version + 1"
)


class PostgresReaching:
    """See `lastlight.integrations.notifications`. All methods raise what the database does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reach(self, user_ids: Sequence[UUID]) -> Mapping[UUID, Reach]:
        """The ways to some people; who is not there, or erased, is left out."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["reach"].sql, list(user_ids))
        return {reach.user_id: reach for reach in map(_reach, rows)}

    async def owners_of_all(self) -> Sequence[UUID]:
        """Who owns every venue."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["owners_of_all"].sql)
        return tuple(row["user_id"] for row in rows)

    async def workers(self, most: int) -> Sequence[UUID]:
        """Who works anywhere, or owns."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["workers"].sql, most)
        return tuple(row["user_id"] for row in rows)

    async def venue_signs(self) -> Sequence[VenueSign]:
        """All venues, the oldest first."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["venue_signs"].sql)
        return tuple(VenueSign(venue_id=row["id"], name=row["name"], tz=row["tz"]) for row in rows)

    async def keep(self, notes: Sequence[NotificationDelivery]) -> None:
        """Keep notes, at most one of each id."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(
                f"insert into {_NOTES.table_sql} ({_NOTES.columns_sql}) {_NOTES.source_sql()}"
                f" on conflict (id) do update set {_KEPT}",
                *_NOTES.to_arrays(notes),
            )


def _reach(row: Row) -> Reach:
    quiet, devices = row["quiet_hours"], row["devices"]
    return Reach(
        user_id=row["id"],
        email=row["email"],
        phone=row["phone"],
        channels=msgspec.json.decode(row["channels"] or "{}"),
        quiet_hours=None if quiet is None else msgspec.json.decode(quiet),
        devices=tuple(map(_device, msgspec.json.decode(devices or "[]"))),
    )


def _device(found: Mapping[str, Any]) -> Device:
    at = found["last_ok_at"]
    return Device(
        device_id=found["device_id"],
        platform=PushPlatform(found["platform"]),
        token=found["token"],
        last_ok_at=None if at is None else datetime.fromisoformat(at),
    )
