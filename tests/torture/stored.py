"""What PostgreSQL holds, asked for the same laws as the simulator's database in memory.

Laws of rows alone are those of `tests.simulation.oracle`; what they take for a world is here the
tables of the node, as they stood in one moment. Nobody books a room here or asks for a refund, so
what is said of those is not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import trio

from protocol.records.base import Record
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from tests.simulation.oracle.laws import (
    assert_chains_hold,
    assert_one_of_each,
    assert_seats_are_taken_once,
    assert_stock_is_what_moved,
)
from tests.simulation.oracle.meter import (
    assert_tax_is_in_the_price,
    assert_time_costs_what_it_costs,
)
from tests.simulation.oracle.places import assert_stations_are_had_by_one
from tests.simulation.oracle.things import assert_no_hold_is_left_behind

_LAWS: Final[tuple[Callable[[Any], None], ...]] = (
    assert_chains_hold,
    assert_seats_are_taken_once,
    assert_stock_is_what_moved,
    assert_one_of_each,
    assert_stations_are_had_by_one,
    assert_no_hold_is_left_behind,
    assert_time_costs_what_it_costs,
    assert_tax_is_in_the_price,
)
READ_S: Final = 60.0
QUIET_S: Final = 15.0
"""What was just answered may still be on its way into the tables."""


@attrs.define(eq=False)
class Tables:
    """The tables that a law asks for, read when it first does."""

    wanted: dict[str, type[Record]] = attrs.field(factory=dict)
    rows: dict[str, Mapping[tuple[Any, ...], Any]] = attrs.field(factory=dict)

    def table(self, record: type[Record]) -> Mapping[tuple[Any, ...], Any]:
        """By primary key; nothing on the first look, which only notes that it is wanted."""
        self.wanted[record.table.name] = record
        return self.rows.get(record.table.name, {})


@attrs.frozen
class Stored:
    """Stands for the world that a law is asked about."""

    database: Tables


async def hold_to_the_laws(connection: Connection) -> Counter[str]:
    """Ask each law, until it holds or everything has had its time; how many rows were looked at.

    Raises:
        AssertionError: a law does not hold.
    """
    stored = Stored(Tables())
    for law in _LAWS:
        law(stored)
    deadline = trio.current_time() + QUIET_S
    while True:
        await _read(connection, stored.database)
        try:
            for law in _LAWS:
                law(stored)
        except AssertionError:
            if trio.current_time() > deadline:
                raise
            await trio.sleep(1)
        else:
            return Counter({name: len(rows) for name, rows in stored.database.rows.items()})


async def _read(connection: Connection, tables: Tables) -> None:
    async with connection.transaction(isolation="repeatable read", readonly=True):
        for name, record in tables.wanted.items():
            mapping = mapping_of(record)
            sql = f"select {mapping.columns_sql} from {mapping.table_sql}"
            found = await connection.fetch(sql, timeout_s=READ_S)
            read = (mapping.from_row(row) for row in found)
            tables.rows[name] = {row.primary_key: row for row in read}
