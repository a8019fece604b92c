"""Figures of people: breaks and gaps, groups that are large enough, opting out, safety."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs

from protocol.operations.figures import (
    GetPatronAnalytics,
    GetSafetyAnalytics,
    GetStaffAnalytics,
)
from protocol.records.safety import Incident, Intervention, SafetyLog
from protocol.records.staff import StaffShift
from protocol.records.states import ExclusionKind
from protocol.records.users import Exclusion, User, UserPreferences
from protocol.records.values import ShiftBreak
from protocol.records.visits import SessionSegment
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.queries_people_figures import (
    patron_figures,
    safety_figures,
    safety_figures_csv,
    staff_figures,
)
from tests.storage.figures_world import (
    ASKED,
    EVENING,
    HERE,
    HOUR,
    LATER,
    MINUTE,
    SET_BACK,
    STRANGER,
    a_closed_day,
    a_venue,
    a_visit,
    days,
    keep,
)
from tests.storage.query_world import asked_by, asking, store
from tests.storage.samples import a


def a_shift(started_at: dt.datetime, hours: int, *breaks: ShiftBreak, **values: Any) -> Any:
    known = {"status": "ended", "ended_at": started_at + hours * HOUR, "worked_ms": 0}
    return a(StaffShift, venue_id=HERE, started_at=started_at, breaks=breaks, **(known | values))


async def work(database: Database, *rows: Any) -> Any:
    await store(database, a_venue(), *rows)
    async with asking(database, ASKED) as connection:
        return await staff_figures(connection, GetStaffAnalytics(**days()), ASKED)


async def test_a_break_of_the_only_one_on_duty_is_a_gap(database: Database) -> None:
    """Guests were there and nobody was with them; while a second one is there it is none."""
    pause = ShiftBreak(started_at=EVENING + HOUR, ended_at=EVENING + HOUR + 20 * MINUTE, paid=True)
    found = await work(
        database,
        a_visit(EVENING, EVENING + 4 * HOUR),
        a_shift(EVENING, 3, pause, worked_ms=3 * 3_600_000),
        a_shift(EVENING + HOUR + 5 * MINUTE, 1, worked_ms=3_600_000),
    )
    assert [(gap.starts_at - EVENING, gap.ends_at - EVENING) for gap in found.gaps] == [
        (3 * HOUR, 4 * HOUR),
        (HOUR, HOUR + 5 * MINUTE),
    ]
    assert found.worked_minutes == 240


async def test_a_forgotten_shift_is_no_month_of_work(database: Database) -> None:
    """Rule 13: its end is not invented; it covers its own day, and counts what management says."""
    forgotten = a_shift(EVENING, 1, status="needs_review", ended_at=None)
    next_evening = EVENING + dt.timedelta(days=1)
    late = a_visit(next_evening, next_evening + HOUR, business_day=SET_BACK + dt.timedelta(days=1))
    await store(database, a_venue(), forgotten, a_visit(EVENING, EVENING + HOUR), late)
    async with asking(database, ASKED) as connection:
        command = GetStaffAnalytics(**days(SET_BACK, SET_BACK + dt.timedelta(days=1)))
        found = await staff_figures(connection, command, ASKED)
    assert found.worked_minutes == 0
    assert [gap.starts_at for gap in found.gaps] == [next_evening]


def a_guest(n: int, *, opted_out: bool = False) -> tuple[Any, ...]:
    """A patron with a visit of an hour in October, who spent 2000."""
    user = a(User, email=f"guest{n}@lastlight.example", status="active")
    visit = a_visit(
        EVENING + n * MINUTE, EVENING + HOUR + n * MINUTE, user_id=user.id, duration_ms=3_600_000,
        total_minor=2_000,
    )  # fmt: skip
    segment = a(
        SessionSegment, session_id=visit.id, venue_id=HERE, user_id=user.id, activity="lounge",
        active_ms=3_600_000, business_day=SET_BACK, started_at=EVENING,
    )  # fmt: skip
    wish = a(UserPreferences, user_id=user.id, analytics_opt_out=opted_out)
    return user, visit, segment, wish


async def groups(database: Database, asked: Any = ASKED) -> Any:
    async with asking(database, asked) as connection:
        return await patron_figures(connection, GetPatronAnalytics(**days()), asked)


async def with_guests(database: Database, count: int, **more: Any) -> list[Any]:
    """Guests of a closed day, whose figures are kept."""
    rows = [row for n in range(count) for row in a_guest(n, **more)]
    await store(database, a_venue(), a_closed_day(), *sorted(rows, key=lambda row: row.table.name))
    assert await keep(database) == 1
    return rows


async def test_five_patrons_are_a_group(database: Database) -> None:
    """Who they are can't be told from it any more."""
    await with_guests(database, 5)
    found = await groups(database)
    (cohort,), (band,), (activity,) = found.cohorts, found.spend_bands, found.activities
    told = (cohort.group, cohort.patrons, cohort.visits, cohort.minutes, cohort.spend_minor)
    assert told == ("2026-10", 5, 5, 300, 10_000)
    assert (band.group, band.patrons, activity.group, activity.minutes) == (
        "1000-3000", 5, "lounge", 300,
    )  # fmt: skip
    (returns,) = found.returns
    assert (returns.patrons, returns.returned, returns.rate_bp) == (5, 0, 0)


async def test_four_patrons_are_nobodys_to_see(database: Database) -> None:
    """A smaller group would be a person."""
    await with_guests(database, 4)
    found = await groups(database)
    assert (found.cohorts, found.spend_bands, found.activities, found.returns) == ((), (), (), ())


async def test_who_opts_out_is_in_no_group_at_once(database: Database) -> None:
    """Also of what was kept before, and the job then forgets them for good."""
    rows = await with_guests(database, 5)
    wish = next(row for row in rows if isinstance(row, UserPreferences))
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute(
            "update user_preferences set analytics_opt_out = true where user_id = $1", wish.user_id
        )
    assert (await groups(database)).cohorts == ()
    await keep(database)
    async with database.connect(DatabaseRole.WRITER) as connection:
        assert await connection.fetchval("select count(*) from patron_analytics") == 4


async def test_who_opted_out_before_is_never_written_down(database: Database) -> None:
    """Contract: opted-out users have no rows."""
    await with_guests(database, 5, opted_out=True)
    async with database.connect(DatabaseRole.WRITER) as connection:
        assert await connection.fetchval("select count(*) from patron_analytics") == 0


async def test_who_is_erased_is_in_no_group(database: Database) -> None:
    """Rule 16: rows by pseudonym go as well, and a month that is kept again has none of them."""
    rows = await with_guests(database, 5)
    user = next(row for row in rows if isinstance(row, User))
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("update users set deleted_at = now() where id = $1", user.id)
        await connection.execute("select scrub_person($1, $2)", user.id, user.pseudonym)
    assert (await groups(database)).cohorts == ()
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("delete from daily_metrics")
    assert await keep(database) == 1
    async with database.connect(DatabaseRole.WRITER) as connection:
        kept = await connection.fetch("select user_pseudonym from patron_analytics")
    assert user.pseudonym not in {row["user_pseudonym"] for row in kept}
    assert len(kept) == 4


async def test_groups_of_another_venue_are_not_shown(database: Database) -> None:
    """Rule 15."""
    await with_guests(database, 6)
    asked = attrs.evolve(asked_by(STRANGER, HERE), now=LATER)
    found = await groups(database, asked)
    assert (found.cohorts, found.returns) == ((), ())


SAFETY: Final[Mapping[str, Any]] = {"venue_id": HERE}


async def test_safety_is_told_as_figures_and_as_a_table(database: Database) -> None:
    """The table says the same, one figure in a line; calls for help are no SOS."""

    def alarm(kind: str, acked_after_s: int | None) -> Any:
        acked_at = None if acked_after_s is None else EVENING + acked_after_s * MINUTE / 60
        return a(
            Incident, **SAFETY, kind=kind, status="resolved", severity="high", raised_at=EVENING,
            acked_at=acked_at,
        )  # fmt: skip

    alarms = [alarm("sos", 10), alarm("sos", 20), alarm("sos", None), alarm("help", 500)]
    cases = [
        a(Intervention, **SAFETY, level=2, outcome="medical", status="closed", opened_at=EVENING),
        a(Intervention, **SAFETY, level=3, outcome=None, status="open", opened_at=EVENING),
    ]
    refusal = a(
        SafetyLog, **SAFETY, kind="refusal_of_service", occurred_at=EVENING, seq=1,
        prev_hash=bytes(32), hash=bytes(32),
    )  # fmt: skip
    await store(database, a_venue(), *alarms, *cases, refusal)
    command = GetSafetyAnalytics(**days())
    async with asking(database, ASKED) as connection:
        found = await safety_figures(connection, command, ASKED)
        rows = [row async for row in safety_figures_csv(connection, command, ASKED)]
    assert (found.alarms.cases, found.alarms.p50_ms, found.alarms.p95_ms) == (2, 10_000, 20_000)
    assert (found.unacknowledged, found.refusals_of_service) == (1, 1)
    assert found.interventions_by_level == {"2": 1, "3": 1}
    assert found.interventions_by_outcome == {"medical": 1, "open": 1}
    assert found.alarms_by_severity == {"high": 3}
    told = {(row[3], row[4]): row[5] for row in rows[1:]}
    assert told["interventions_by_level", "2"] == 1
    assert told["alarms_unacknowledged", ""] == 1
    assert told["alarm_acknowledged_ms", "p95"] == 20_000
    assert all(len(row) == len(rows[0]) for row in rows)


async def test_who_keeps_themselves_out_is_counted_until_they_ask_to_come_back(
    database: Database,
) -> None:
    """Rule 7: the time of a self-exclusion ends, and the exclusion does not; a ban ends with it."""
    past = {"venue_id": HERE, "starts_at": EVENING - 9 * HOUR, "ends_at": EVENING - HOUR}
    await store(
        database,
        a_venue(),
        a(Exclusion, kind=ExclusionKind.SELF_EXCLUSION, **past, ended_at=None),
        a(Exclusion, kind=ExclusionKind.SELF_EXCLUSION, **past, ended_at=EVENING - HOUR),
        a(Exclusion, kind=ExclusionKind.VENUE_BAN, **past, ended_at=None),
    )
    async with asking(database, ASKED) as connection:
        found = await safety_figures(connection, GetSafetyAnalytics(**days()), ASKED)
    assert found.exclusions_in_force == {"self_exclusion": 1}
