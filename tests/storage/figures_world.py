"""A venue in Berlin and the evening before clocks are set back, for the tests of figures."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import attrs

from protocol.addresses import Role
from protocol.records.ledger import BusinessDay
from protocol.records.venues import Venue
from protocol.records.visits import SessionHistory
from storage.postgres.database import Database
from storage.postgres.keeping import Keeper
from tests.storage.query_world import a_principal, asked_by
from tests.storage.samples import a, an_id

HERE, THERE = an_id(), an_id()
CHIEF: Final = a_principal(roles={HERE: Role.MANAGEMENT})
STRANGER: Final = a_principal(roles={THERE: Role.OWNER})
SET_BACK: Final = dt.date(2026, 10, 24)
"""In Berlin the night after it has 25 hours: 02:00 to 03:00 comes twice."""
SET_ON: Final = dt.date(2026, 3, 28)
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
EVENING: Final = dt.datetime(2026, 10, 24, 18, tzinfo=dt.UTC)
LATER: Final = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ASKED: Final = attrs.evolve(asked_by(CHIEF, HERE), now=LATER)


def a_venue(id_: Any = HERE) -> Any:
    return a(
        Venue, id=id_, status="open", radius_m=150, tz="Europe/Berlin", cutover_local=dt.time(5)
    )


def a_visit(started_at: dt.datetime, ended_at: dt.datetime, **values: Any) -> Any:
    """One that is over, of its own patron."""
    known = {"status": "closed", "business_day": SET_BACK, "summary": {"party_size": 1}}
    return a(
        SessionHistory, venue_id=HERE, started_at=started_at, ended_at=ended_at, **(known | values)
    )


def days(first: dt.date = SET_BACK, last: dt.date | None = None) -> dict[str, Any]:
    return {"venue_id": HERE, "from_": first, "to": last or first}


def a_closed_day(day: dt.date = SET_BACK, number: int = 1) -> Any:
    began = dt.datetime.combine(day, dt.time(3), tzinfo=dt.UTC)
    return a(
        BusinessDay, venue_id=HERE, business_day=day, status="closed", z_number=number,
        starts_at=began, ends_at=began + dt.timedelta(days=1), closed_at=LATER,
    )  # fmt: skip


async def keep(database: Database) -> int:
    """Run the job once."""
    return await Keeper(database=database, now=lambda: LATER).keep()
