"""What every named query is given besides its command, and what they refuse alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.errors import Code, LastLightError
from protocol.records.values import Period
from storage.postgres.database import Connection
from storage.postgres.reading import SQL, Asking
from storage.postgres.sqlblocks import Block, load_blocks

__all__ = ["Asked", "NotOnShow", "blocks_of", "newest_of_venues", "venue_on_show"]

OpensAt = Callable[[Mapping[str, Any], datetime, str], datetime | None]
"""When weekly hours hold next, from a moment on, in a time zone: that moment if they do then."""
OpenBetween = Callable[[Mapping[str, Any], Period, str], tuple[Period, ...]]
"""What of a time is within weekly hours, in a time zone, in order."""
_FOLDER: Final = Path(__file__).parent / "queries"


def blocks_of(name: str) -> Mapping[str, Block]:
    """The blocks of one file of queries."""
    return load_blocks(_FOLDER / f"{name}.sql")


@attrs.frozen(kw_only=True)
class Asked:
    """Who asks, when, and how hours are read."""

    asking: Asking
    now: datetime
    opens_at: OpensAt
    open_between: OpenBetween

    @property
    def is_staff(self) -> bool:
        """Whether the caller works where they ask about; others see masks."""
        return self.asking.role >= Role.STAFF


@attrs.frozen
class NotOnShow(LastLightError):
    """What was asked about is not there, or not for the caller: which of them is not told."""

    code: ClassVar[Code] = Code.NOT_FOUND
    whose: str

    def __str__(self) -> str:
        return f"{self.whose} is not here, or not yours to see"


async def newest_of_venues(
    connection: Connection, sql: str, most: int, *arguments: object
) -> list[Mapping[str, Any]]:
    """The newest rows of all venues that are asked about, each found by its venue's own index.

    A single statement over several venues would scan the rows of a busy one for those of a quiet
    one. `sql` is asked with a venue, `most`, and `arguments`; its rows have ids in order of time.
    """
    rows: list[Mapping[str, Any]] = []
    for place in await connection.fetch(SQL["venues_asked"].sql):
        rows += await connection.fetch(sql, place["venue_id"], most, *arguments)
    return sorted(rows, key=_id, reverse=True)[:most]


def _id(row: Mapping[str, Any]) -> UUID:
    found: UUID = row["id"]
    return found


async def venue_on_show(connection: Connection, venue_id: UUID) -> str:
    """The time zone of a venue of which the caller may know.

    Raises:
        NotOnShow: 404.
    """
    row = await connection.fetchrow(SQL["venue_on_show"].sql, venue_id)
    if row is None:
        raise NotOnShow(f"venue {venue_id}")
    return str(row["tz"])
