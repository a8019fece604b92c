"""Rule 15 in the database: even a wrong query shows nobody what is not theirs to see."""

from __future__ import annotations

import uuid
from typing import Any

import attrs
import pytest

from storage.postgres.database import Database, DatabaseRole
from storage.postgres.errors import DatabaseRefused
from tests.storage.isolation_world import (
    PUBLIC_TABLES,
    Place,
    asking,
    letters,
    the_rows,
    visible,
)
from tests.storage.samples import an_id, insert

WHO_SEES = letters(
    ("", "auth_tokens patron_analytics idempotency_keys event_outbox actor_timers"),
    ("p", "sessions_auth user_preferences push_devices user_limits exclusions payment_methods"),
    ("p", "location_reports sync_devices notification_deliveries erasure_jobs"),
    ("psmo", "age_verifications sessions session_segments session_history safety_checks"),
    ("psmo", "broadcasts reservations karaoke_queue purchases receipts"),
    ("psmo", "venues games karaoke_rooms menu_items credit_packages"),
    ("pmo", "users user_roles transactions credits credit_grants credit_holds refunds payments"),
    ("smo", "interventions incidents incident_events shift_handovers staff_schedules staff_tasks"),
    ("smo", "inventory_levels stock_movements"),
    ("mo", "venue_settings safety_logs tills business_days staff_shifts staff_performance"),
    ("mo", "daily_metrics"),
    ("o", "ledger_accounts ledger_journals ledger_postings disputes revenue_projections audit_log"),
    ("o", "stripe_events"),
)
"""Who of one venue sees its row about its patron: patron, staff, management, owner."""

OPEN_TO_ALL = {"venues", "games", "karaoke_rooms", "menu_items", "credit_packages"}
"""On show to anyone signed in, at venues that take patrons."""


KEEPERS = {"p": "patron", "s": "staff", "m": "management", "o": "owner"}


@attrs.frozen(kw_only=True)
class World:
    """A database with two venues in it, and the key of each row."""

    database: Database
    here: Place
    there: Place
    keys: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]
    """By table: the row here, the row there."""

    async def seen(
        self, user_id: uuid.UUID | None, role: str = "", *at: uuid.UUID
    ) -> dict[str, set[str]]:
        """By table, which of the two rows a caller sees."""
        found = {}
        async with asking(self.database, user_id, role, at) as connection:
            for record in PUBLIC_TABLES:
                name = record.table.name
                keys = await visible(connection, record) or set()
                here, there = self.keys[name]
                found[name] = {
                    word for word, key in (("here", here), ("there", there)) if key in keys
                }
                assert len(found[name]) == len(keys)
        return found

    def person(self, place: Place, letter: str) -> uuid.UUID:
        """Who has a role at a place."""
        people = {"p": place.patron, "s": place.staff, "m": place.manager, "o": place.owner}
        return people[letter]


@pytest.fixture
async def world(database: Database) -> World:
    """Every table has a row here and a row there."""
    here, there = Place(), Place()
    rows_here, rows_there = the_rows(here), the_rows(there)
    async with database.connect(DatabaseRole.WRITER) as connection:
        await insert(connection, *rows_here.values(), *rows_there.values())
    keys = {name: (rows_here[name].primary_key, rows_there[name].primary_key) for name in rows_here}
    return World(database=database, here=here, there=there, keys=keys)


def test_every_table_of_the_contract_has_its_rule_here() -> None:
    """A table that nobody thought of would be found by whoever looks for one."""
    assert set(WHO_SEES) == {record.table.name for record in PUBLIC_TABLES}


@pytest.mark.parametrize("letter", KEEPERS, ids=KEEPERS.get)
@pytest.mark.parametrize("side", ["here", "there"])
async def test_each_role_sees_its_own_venue_and_nothing_of_another(
    world: World, letter: str, side: str
) -> None:
    """The whole permission table of Rule 15, from both venues: cross-venue is nothing at all."""
    place = world.here if side == "here" else world.there
    seen = await world.seen(world.person(place, letter), KEEPERS[letter], place.venue_id)
    expected = {name: {side} if letter in who else set() for name, who in WHO_SEES.items()}
    expected |= {name: {"here", "there"} for name in OPEN_TO_ALL}
    if letter == "o":
        expected["stripe_events"] = {"here", "there"}
    assert seen == expected


async def test_without_context_nobody_sees_a_row(world: World) -> None:
    """A query that forgot to say who asks must come back empty, not with everything.

    Rule 15 rows.
    """
    assert set().union(*(await world.seen(None)).values()) == set()


async def test_a_stranger_sees_only_what_is_on_show(world: World) -> None:
    """Signed in is not enough: another patron's object is not there (404, never 403)."""
    seen = await world.seen(an_id(), "patron", world.here.venue_id, world.there.venue_id)
    assert {name for name, rows in seen.items() if rows} == OPEN_TO_ALL


async def test_a_role_without_venues_opens_none(world: World) -> None:
    """A role counts only at its venue; the platform's own rows need the owner's role alone."""
    seen = await world.seen(an_id(), "owner")
    assert {name for name, rows in seen.items() if rows} == OPEN_TO_ALL | {"stripe_events"}


@pytest.mark.parametrize("role", [DatabaseRole.OWNER, DatabaseRole.WRITER])
async def test_the_node_itself_sees_everything(world: World, role: DatabaseRole) -> None:
    """FORCE binds the owner as well, so loading and migrating need policies of their own."""
    async with world.database.connect(role) as connection:
        for record in PUBLIC_TABLES:
            assert await visible(connection, record) == set(world.keys[record.table.name])


async def test_row_security_is_forced_on_every_table(database: Database) -> None:
    """Without FORCE the tables' owner would pass by all policies, and with it their functions."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        rows = await connection.fetch(
            "select relname, relrowsecurity and relforcerowsecurity as forced from pg_class"
            " where relnamespace = 'public'::regnamespace and relkind = 'r'"
        )
    assert {row["relname"] for row in rows if row["forced"]} == set(WHO_SEES)


async def test_the_reader_writes_nothing(world: World) -> None:
    """What a person changes goes through an actor; a query that writes is a hole."""
    async with world.database.connect(DatabaseRole.OWNER) as connection:
        rows = await connection.fetch(
            "select c.relname, p.privilege from pg_class as c,"
            " unnest(array['insert', 'update', 'delete', 'truncate']) as p(privilege)"
            " where c.relkind in ('r', 'v') and has_table_privilege('lastlight_reader', c.oid,"
            " p.privilege) and c.relnamespace in ('public'::regnamespace, 'runtime'::regnamespace)"
        )
    assert rows == []


SECRETS = {
    "users": ("password_hash", "pin_hash", "duress_pin_hash", "failed_logins"),
    "sessions_auth": ("token_hash", "prev_token_hash"),
    "stripe_events": ("payload",),
    "auth_tokens": ("token_hash",),
    "event_outbox": ("payload",),
    "patron_analytics": ("spend_minor",),
}


async def test_secrets_are_out_of_every_readers_reach(world: World) -> None:
    """Not even about oneself: a leaked query result must not let anybody sign in."""
    async with asking(world.database, world.here.owner, "owner", (world.here.venue_id,)) as asker:
        for table, columns in SECRETS.items():
            for column in columns:
                with pytest.raises(DatabaseRefused, match="permission denied"):
                    async with asker.savepoint():
                        await asker.fetch(f"select {column} from {table}")
