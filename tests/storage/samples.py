"""Records to put into tables: one of each kind on demand, and many by Hypothesis."""

from __future__ import annotations

import datetime as dt
import enum
import itertools
import types
import typing
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from protocol.records.base import RECORDS, Record
from protocol.records.values import Period
from storage.postgres.database import Connection
from storage.postgres.mapping import RecordMapping, mapping_of

NOON = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
ALL_RECORDS = tuple(RECORDS[name] for name in sorted(RECORDS))
_numbers = itertools.count(1)

_plain: dict[Any, st.SearchStrategy[Any]] = {
    uuid.UUID: st.uuids(),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),
    bytes: st.binary(max_size=40),
    dt.date: st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
    dt.time: st.times().map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)),
    dt.datetime: st.integers(-(10**12), 4 * 10**12).map(
        lambda ms: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=ms)
    ),
}
_plain[Any] = st.recursive(
    st.none() | st.booleans() | _plain[int] | st.floats(-1e15, 1e15) | _plain[str],
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_plain[str], inner, max_size=3),
    max_leaves=4,
)
_plain[Period] = st.tuples(_plain[dt.datetime], st.integers(1, 10**9)).map(
    lambda drawn: Period(start=drawn[0], end=drawn[0] + dt.timedelta(milliseconds=drawn[1]))
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may have."""
    if hint in _plain:
        return _plain[hint]
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return st.one_of(
            *(st.none() if part is types.NoneType else values_of(part) for part in parts)
        )
    if origin is tuple:
        return st.lists(values_of(parts[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(values_of(parts[0]), values_of(parts[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    hints = typing.get_type_hints(hint)
    return st.builds(
        hint, **{field.name: values_of(hints[field.name]) for field in attrs.fields(hint)}
    )


def many(record: type[Record], count: int = 12) -> list[Record]:
    """Records as Hypothesis likes them, the same in every run."""
    found: list[Record] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(values_of(record))
    def collect(one: Record) -> None:
        found.append(one)

    collect()
    return found


def an_id() -> uuid.UUID:
    """One that nobody else in this process has."""
    return uuid.UUID(int=next(_numbers))


def a(record: type[Record], **values: Any) -> Any:
    """A record with `values`; what it must have besides is plain, and ids are its own."""
    hints = typing.get_type_hints(record)
    for field in attrs.fields(typing.cast("Any", record)):
        if field.default is attrs.NOTHING and field.name not in values:
            values[field.name] = _plainest(hints[field.name])
    return record(**values)


def _plainest(hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in {types.UnionType, typing.Union}:
        return None
    if origin is tuple:
        return ()
    if origin is Mapping:
        return {}
    if issubclass(hint, enum.Enum):
        return next(iter(hint))
    made: dict[type, Any] = {
        uuid.UUID: an_id(),
        str: f"plain {next(_numbers)}",
        int: 1,
        float: 1.0,
        bool: False,
        bytes: an_id().bytes,
        dt.datetime: NOON,
        dt.date: NOON.date(),
        dt.time: dt.time(5),
        Period: Period(start=NOON, end=NOON + dt.timedelta(hours=1)),
    }
    return made[hint]


async def insert(connection: Connection, *records: Record) -> None:
    """Write records into their tables, in the order given."""
    for kind, group in itertools.groupby(records, key=type):
        mapping: RecordMapping[Any] = mapping_of(kind)
        await connection.execute(
            f"insert into {mapping.table_sql} ({mapping.columns_sql}) {mapping.source_sql()}",
            *mapping.to_arrays(group),
        )


async def read_back(
    connection: Connection, record: type[Record], table: str | None = None
) -> Sequence[Record]:
    """All records of a table, in the order they were written."""
    mapping = mapping_of(record)
    rows = await connection.fetch(
        f"select {mapping.columns_sql} from {table or mapping.table_sql} order by ctid"
    )
    return mapping.from_rows(rows)
