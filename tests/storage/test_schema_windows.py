"""What may be known of a row without being shown it: masks, flags, sums, and rules of one case."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import attrs
import pytest

from protocol.records import analytics, ledger, money, safety, staff, users, visits
from protocol.records.base import Record
from protocol.records.money_states import BusinessDayStatus, TillStatus, TransactionStatus
from protocol.records.platform import AuditEntry, NotificationDelivery
from protocol.records.states import IncidentStatus, RoleName
from storage.postgres.database import Database, DatabaseRole
from tests.storage.isolation_world import Place, asking, visible
from tests.storage.samples import NOON, a, an_id, insert


@attrs.frozen(kw_only=True)
class House:
    """One venue with few rows, and another with none."""

    database: Database
    here: Place = attrs.field(factory=Place)
    there: Place = attrs.field(factory=Place)

    async def add(self, *records: Record) -> None:
        """Write rows."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            await insert(connection, *records)

    async def ask(self, sql: str, user_id: uuid.UUID, role: str, *arguments: object) -> list[Any]:
        """Rows of a query of somebody at `here`, as tuples."""
        async with asking(self.database, user_id, role, (self.here.venue_id,)) as connection:
            return [tuple(row.values()) for row in await connection.fetch(sql, *arguments)]

    async def sees(self, record: type[Record], user_id: uuid.UUID, role: str) -> set[Any]:
        """The keys that somebody of `here` sees."""
        async with asking(self.database, user_id, role, (self.here.venue_id,)) as connection:
            return await visible(connection, record) or set()


@pytest.fixture
async def house(database: Database) -> House:
    """Both venues, empty."""
    return House(database=database)


async def test_staff_see_a_face_but_no_contact_data(house: House) -> None:
    """Rule 15: others' contact data is for management, who are audited."""
    here = house.here
    await house.add(here.row(users.User, display_name="Yuki"), here.row(visits.Session))
    async with asking(house.database, here.staff, "staff", (here.venue_id,)) as connection:
        (row,) = await connection.fetch("select * from users_for_staff")
    assert row["id"] == here.patron
    assert row["display_name"] == "Yuki"
    assert not {"email", "phone", "birth_date", "emergency_contact"} & set(row.keys())
    assert await house.sees(users.User, here.staff, "staff") == set()
    assert await house.sees(users.User, here.manager, "management") == {(here.patron,)}
    assert await house.ask("select id from users_for_staff", here.patron, "patron") == []


async def test_a_patron_of_another_venue_is_not_found(house: House) -> None:
    """Who has never been here does not exist here (GET user: 404)."""
    here, there = house.here, house.there
    await house.add(there.row(users.User), there.row(visits.Session))
    assert await house.ask("select id from users_for_staff", here.staff, "staff") == []
    assert await house.sees(users.User, here.owner, "owner") == set()


async def test_management_learns_kind_and_dates_of_an_exclusion(house: House) -> None:
    """Why somebody excluded themselves is theirs alone; staff learn yes or no."""
    here = house.here
    everywhere = here.row(users.Exclusion, venue_id=None, reason="private")
    elsewhere = house.there.row(users.Exclusion, reason="private")
    await house.add(everywhere, elsewhere)
    sql = "select * from exclusions_for_management"
    (row,) = await house.ask(sql, here.manager, "management")
    assert row[0] == everywhere.id
    assert "private" not in row
    assert await house.ask(sql, here.staff, "staff") == []
    flag = "select user_is_excluded($1, $2)"
    asked: list[tuple[uuid.UUID, str, uuid.UUID, uuid.UUID, bool]] = [
        (here.staff, "staff", here.patron, here.venue_id, True),
        (here.staff, "staff", house.there.patron, here.venue_id, False),
        (here.staff, "staff", here.patron, house.there.venue_id, False),
        (here.patron, "patron", here.patron, here.venue_id, False),
    ]
    for user_id, role, someone, place, expected in asked:
        assert await house.ask(flag, user_id, role, someone, place) == [(expected,)]


async def test_an_ended_exclusion_flags_nobody(house: House) -> None:
    """After its end nobody is turned away by what a row once said."""
    here = house.here
    await house.add(
        here.row(users.Exclusion, ends_at=NOON, starts_at=NOON - dt.timedelta(days=1)),
        here.row(users.Exclusion, starts_at=NOON, ends_at=None, ended_at=NOON),
    )
    flag = "select user_is_excluded($1, $2) or now() < $3"
    assert await house.ask(flag, here.staff, "staff", here.patron, here.venue_id, NOON) == [
        (False,)
    ]


async def test_the_drawer_is_counted_blind(house: House) -> None:
    """Rule 13: whoever counts must not know what should be there."""
    here = house.here
    till = here.row(ledger.Till, staff_id=here.staff, status=TillStatus.OPEN, expected_minor=500)
    await house.add(till, here.row(ledger.Till, staff_id=here.manager, status=TillStatus.ENDED))
    sql = "select id, expected_minor from tills_of_staff"
    assert await house.ask(sql, here.staff, "staff") == [(till.id, None)]
    assert await house.sees(ledger.Till, here.staff, "staff") == set()
    async with house.database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("update tills set status = 'ended' where id = $1", till.id)
    # A till that ended with its forgotten shift is still to be counted.
    assert await house.ask(sql, here.staff, "staff") == [(till.id, None)]
    async with house.database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("update tills set counted_minor = 480 where id = $1", till.id)
    assert await house.ask(sql, here.staff, "staff") == [(till.id, 500)]


async def test_staff_see_who_is_on_duty_and_their_own_shifts(house: House) -> None:
    """Names and status of open shifts, not what others worked or earned."""
    here = house.here
    own = here.row(staff.StaffShift, staff_id=here.staff)
    other = here.row(staff.StaffShift, staff_id=here.manager)
    await house.add(own, other)
    on_duty = await house.ask("select id from shifts_on_duty", here.staff, "staff")
    assert set(on_duty) == {(own.id,), (other.id,)}
    assert await house.sees(staff.StaffShift, here.staff, "staff") == {(own.id,)}


async def test_patrons_are_only_seen_as_groups_of_five(house: House) -> None:
    """A smaller group would be a person (GET patron analytics: suppressed)."""
    here = house.here
    await house.add(
        *(here.row(analytics.PatronAnalytics, cohort="big", visits=2) for _ in range(5)),
        *(here.row(analytics.PatronAnalytics, cohort="small") for _ in range(4)),
    )
    sql = "select cohort, patrons, visits from patron_cohorts"
    assert await house.ask(sql, here.manager, "management") == [("big", 5, 10)]
    assert await house.ask(sql, here.staff, "staff") == []


async def test_where_a_patron_was_is_shown_for_an_incident_only(house: House) -> None:
    """Rule 6: reports live 72 h and are nobody's to browse."""
    here, incident = house.here, an_id()
    shown = here.row(visits.LocationReport, incident_id=incident)
    await house.add(shown, here.row(visits.LocationReport))
    sql = "select id from incident_location_reports($1)"
    assert await house.ask(sql, here.manager, "management", incident) == [(shown.id,)]
    assert await house.ask(sql, here.staff, "staff", incident) == []


async def test_staff_keep_seeing_incidents_they_took_part_in(house: House) -> None:
    """Open ones are everybody's; closed ones belong to who was there."""
    here = house.here
    closed = {"status": IncidentStatus.RESOLVED}
    raised = here.row(safety.Incident, raised_by=here.staff, **closed)
    owned = here.row(safety.Incident, owner_id=here.staff, **closed)
    helped = here.row(safety.Incident, **closed)
    line = here.row(safety.IncidentEvent, incident_id=helped.id, by_user=here.staff)
    strange = here.row(safety.Incident, **closed)
    unseen = here.row(safety.IncidentEvent, incident_id=strange.id)
    await house.add(raised, owned, helped, strange, line, unseen)
    seen = await house.sees(safety.Incident, here.staff, "staff")
    assert seen == {(raised.id,), (owned.id,), (helped.id,)}
    assert await house.sees(safety.IncidentEvent, here.staff, "staff") == {(line.id,)}


async def test_staff_see_what_they_took_until_the_day_is_closed(house: House) -> None:
    """Rule 15: sales through one's own till, in the open business day."""
    here = house.here
    day = NOON.date()
    posted = {"status": TransactionStatus.POSTED, "posted_at": NOON, "business_day": day}
    mine = here.row(money.Transaction, created_by=here.staff, **posted)
    waiting = here.row(money.Transaction, created_by=here.staff)
    others = here.row(money.Transaction, created_by=here.manager, **posted)
    open_day = here.row(ledger.BusinessDay, business_day=day, z_number=1)
    await house.add(mine, waiting, others, open_day)
    assert await house.sees(money.Transaction, here.staff, "staff") == {(mine.id,), (waiting.id,)}
    async with house.database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute(f"update business_days set status = '{BusinessDayStatus.CLOSED}'")
    assert await house.sees(money.Transaction, here.staff, "staff") == {(waiting.id,)}


async def test_the_register_shows_each_what_is_theirs(house: House) -> None:
    """Patrons see that their age was verified, never what was observed about them."""
    here = house.here
    verified = here.row(safety.SafetyLog, kind="verification")
    observed = here.row(safety.SafetyLog, kind="observation", by_user=here.staff)
    await house.add(verified, observed)
    assert await house.sees(safety.SafetyLog, here.patron, "patron") == {(verified.id,)}
    assert await house.sees(safety.SafetyLog, here.staff, "staff") == {(observed.id,)}
    assert len(await house.sees(safety.SafetyLog, here.manager, "management")) == 2


async def test_management_sees_staff_roles_and_owners_see_all(house: House) -> None:
    """Management may give and take staff only; roles at every venue are the platform's."""
    here = house.here
    helper = here.row(users.UserRole, role=RoleName.STAFF)
    boss = here.row(users.UserRole, user_id=here.manager, role=RoleName.MANAGEMENT)
    of_all = here.row(users.UserRole, user_id=an_id(), venue_id=None, role=RoleName.OWNER)
    await house.add(helper, boss, of_all)
    other = an_id()
    assert await house.sees(users.UserRole, other, "management") == {(helper.id,)}
    assert await house.sees(users.UserRole, other, "owner") == {(helper.id,), (boss.id,)}


async def test_owners_see_their_own_lines_of_the_platforms_trail(house: House) -> None:
    """What another owner did to the platform is not for every owner of some venue."""
    here = house.here
    own = a(AuditEntry, actor_id=here.owner)
    await house.add(own, a(AuditEntry, actor_id=here.manager))
    assert await house.sees(AuditEntry, here.owner, "owner") == {(own.id,)}
    assert await house.sees(AuditEntry, here.manager, "management") == set()


async def test_management_sees_whom_an_incident_reached(house: House) -> None:
    """Receipts of alerts are part of the incident; other notices are private."""
    here = house.here
    incident = here.row(safety.Incident)
    alert = here.row(NotificationDelivery, incident_id=incident.id)
    await house.add(incident, alert, here.row(NotificationDelivery))
    seen = await house.sees(NotificationDelivery, here.manager, "management")
    assert seen == {(alert.id,)}
