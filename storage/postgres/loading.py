"""One statement that reads a whole actor: its rows, keys and timers, and the flush position.

One statement sees one snapshot, and one round trip costs a twentieth of twenty. Rows come as JSON,
which msgspec turns into records; what JSON can't say (bytes, ranges) is spelled out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar

import attrs
import msgspec

from protocol.addresses import Address
from protocol.limits import IDEMPOTENCY_ANSWER_KEEP_S
from protocol.reads import Above, Among, Condition, Loaded, Read, Since
from protocol.records.base import Record
from protocol.records.platform import ActorTimer, IdempotencyKey
from storage.postgres.mapping import Column, mapping_of

_OWN: Final = "$1::uuid"
_KIND: Final = "$2::text"
_NOW: Final = "$3::timestamptz"
_RECENT: Final = "$4::timestamptz"
_FIRST_BOUND: Final = 5
_decoder: Final = msgspec.json.Decoder()
R = TypeVar("R", bound=Record)


@attrs.frozen
class LoadStatement:
    """The statement of one kind of actor. Its one value is a JSON object."""

    sql: str
    records: tuple[type[Record], ...]
    conditions: tuple[Condition, ...]

    def parameters(self, address: Address, now: datetime) -> Sequence[object]:
        """What the statement asks for, for one actor at one moment."""
        recent = now - timedelta(seconds=IDEMPOTENCY_ANSWER_KEEP_S)
        bounds = [_bound(condition, now) for condition in self.conditions]
        return (address.id, address.kind.value, now, recent, *bounds)

    def loaded(self, text: str) -> Loaded:
        """The answer as records."""
        answer: dict[str, Any] = _decoder.decode(text)
        records: list[Record] = []
        for number, record in enumerate(self.records):
            records += records_in(answer[f"r{number}"], record)
        return Loaded(records=tuple(records), flushed=answer["flushed"] or 0)


@cache
def load_statement(reads: tuple[Read, ...]) -> LoadStatement:
    """The statement for an actor that loads these rows, besides its keys and timers."""
    parts: list[str] = []
    conditions: list[Condition] = []
    for read in reads:
        wanted = [f"{_OWN} is not null" if read.by is None else f"{read.by} = {_OWN}"]
        for condition in read.where:
            parameter = f"${_FIRST_BOUND + len(conditions)}"
            wanted.append(_condition_sql(read.record, condition, parameter))
            conditions.append(condition)
        parts.append(rows_sql(read.record, " and ".join(wanted)))
    mine = f"actor_type = {_KIND} and actor_id = {_OWN}"
    keys = rows_sql(
        IdempotencyKey,
        f"{mine} and expires_at > {_NOW}",
        order="created_at",
        response=f"case when created_at > {_RECENT} then response end as response",
    )
    parts += [keys, rows_sql(ActorTimer, mine)]
    members = ", ".join(f"'r{number}', {part}" for number, part in enumerate(parts))
    return LoadStatement(
        f"select json_build_object('flushed', (select position from runtime.flush), {members})",
        (*(read.record for read in reads), IdempotencyKey, ActorTimer),
        tuple(conditions),
    )


def rows_sql(
    record: type[Record],
    wanted: str,
    *,
    table: str | None = None,
    order: str | None = None,
    **instead: str,
) -> str:
    """A JSON array of rows, as an expression; see `records_in`.

    Args:
        wanted: the condition.
        table: where to read, if not in the record's own table.
        order: columns to sort by.
        instead: expressions in place of columns.
    """
    mapping = mapping_of(record)
    columns = ", ".join(instead.get(column.name) or _json_sql(column) for column in mapping.columns)
    sorting = f" order by {order}" if order else ""
    rows = f"select {columns} from {table or mapping.table_sql} where {wanted}{sorting}"
    return f"(select coalesce(json_agg(found), '[]') from ({rows}) as found)"


def records_in(array: object, record: type[R]) -> list[R]:
    """The records of what `rows_sql` found."""
    return msgspec.convert(array, list[record])  # type: ignore[valid-type]


def _json_sql(column: Column) -> str:
    """A column in a form that JSON has."""
    name = column.name
    match column.sql_type:
        case "bytea":
            return f"translate(encode({name}, 'base64'), E'\\n', '') as {name}"
        case "tstzrange":
            made = f"json_build_object('start', lower({name}), 'end', upper({name}))"
            return f"case when {name} is not null then {made} end as {name}"
    return name


def _condition_sql(record: type[Record], condition: Condition, parameter: str) -> str:
    types = {column.name: column.sql_type for column in mapping_of(record).columns}
    match condition:
        case Among(column, values):
            found = f"{column} = any({parameter}::{types[column]}[])"
            return f"({found} or {column} is null)" if None in values else found
        case Above(column):
            return f"{column} > {parameter}::bigint"
        case Since(column):
            return f"({column} is null or {column} > {parameter}::timestamptz)"


def _bound(condition: Condition, now: datetime) -> object:
    match condition:
        case Among(values=values):
            return [value for value in values if value is not None]
        case Above(bound=bound):
            return bound
        case Since(seconds=seconds):
            return now - timedelta(seconds=seconds)
