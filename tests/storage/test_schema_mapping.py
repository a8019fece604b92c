"""Whatever an actor decided comes back as it was, through the journal and through its table."""

from __future__ import annotations

import datetime as dt

import attrs
import msgspec
import pytest
from hypothesis import given, settings

from protocol.chains import canonical_json, canonical_row, row_fields
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.platform import AuditEntry
from protocol.records.runtime import FloorPlace
from protocol.records.safety import IncidentEvent, SafetyLog
from protocol.records.users import User
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.loading import records_in, rows_sql
from storage.postgres.mapping import mapping_of
from tests.storage.samples import ALL_RECORDS, a, many, read_back, values_of


@pytest.mark.parametrize("record", ALL_RECORDS, ids=lambda record: record.table.name)
def test_a_record_survives_the_journal(record: type[Record]) -> None:
    """Entries hold records as msgpack; an id or time that came back as text would be a lie."""

    @settings(max_examples=20, deadline=None)
    @given(values_of(record))
    def survives(one: Record) -> None:
        decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(one))
        assert msgspec.convert(decoded, record) == one

    survives()


@pytest.mark.parametrize(
    "record", [AuditEntry, IncidentEvent, LedgerJournal, LedgerPosting, SafetyLog]
)
def test_the_form_of_a_row_is_that_of_its_fields(record: type[Record]) -> None:
    """A chain is written by the one and checked by the other."""

    @settings(max_examples=10, deadline=None)
    @given(values_of(record))
    def spelled(one: Record) -> None:
        fields = row_fields(one)
        assert canonical_row(one) == canonical_json(fields)
        if "seq" in fields:
            assert canonical_row(one, seq=7) == canonical_json({**fields, "seq": 7})

    spelled()


async def test_every_record_survives_its_table(database: Database) -> None:
    """A row that loads differently from what was decided would make an actor forget or invent."""
    lost = {}
    async with database.connect(DatabaseRole.WRITER) as connection:
        for record in ALL_RECORDS:
            mapping, records = mapping_of(record), many(record)
            # A bare copy of the columns: what Hypothesis makes up need not make sense.
            await connection.execute(f"create temporary table bare (like {mapping.table_sql})")
            await connection.execute(
                f"insert into bare ({mapping.columns_sql}) {mapping.source_sql()}",
                *mapping.to_arrays(records),
            )
            by_arrays = list(await read_back(connection, record, "bare"))
            found = await connection.fetchval(f"select {rows_sql(record, 'true', table='bare')}")
            by_load = records_in(msgspec.json.decode(found), record)
            await connection.execute("truncate bare")
            await connection.copy_records_to_table(
                "bare", columns=mapping.names, records=[mapping.to_row(one) for one in records]
            )
            by_copy = list(await read_back(connection, record, "bare"))
            await connection.execute("drop table bare")
            if not by_arrays == by_copy == by_load == records:
                lost[mapping.table_sql] = (records, by_arrays, by_copy, by_load)
    assert lost == {}


async def test_ids_of_the_driver_are_as_good_as_ours(database: Database) -> None:
    """Records are compared, hashed by their ids and encoded with what the driver gave them."""
    user = a(User, email="patron@lastlight.example")
    async with database.connect(DatabaseRole.WRITER) as connection:
        found = await connection.fetchval("select $1::uuid", user.id)
    assert found == user.id
    assert hash(found) == hash(user.id)
    assert {user.id: 1}[found] == 1
    assert msgspec.msgpack.encode(found) == msgspec.msgpack.encode(user.id)


def test_a_missing_column_is_an_error_and_an_additional_one_is_not() -> None:
    """A new release may add a column, but a record can't be made of less than itself."""
    place = a(FloorPlace)
    mapping = mapping_of(FloorPlace)
    row = dict(zip(mapping.names, mapping.to_row(place), strict=True))
    assert mapping.from_row({**row, "added_later": 1}) == place
    del row["zone"]
    with pytest.raises(KeyError, match="zone"):
        mapping.from_row(row)


@attrs.frozen
class Odd(Record):
    """Not a table of ours."""

    wait: dt.timedelta


def test_a_type_without_a_column_is_refused_at_once() -> None:
    """Found when a test first asks for the mapping, not when the first row is flushed."""
    with pytest.raises(TypeError, match=r"Odd\.wait is a .*which no column can hold"):
        mapping_of(Odd)
