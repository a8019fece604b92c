"""Records to rows and back, for every table alike, driven by the type hints of its record.

What always holds: a record that went into its table comes out equal. JSON travels as text that is
made and read here only; ids, times and numbers as the driver gives them (its ids are a subclass
of `UUID` that is equal to it; to make each anew would be half the cost of a load). Arrays,
one per column, go through `unnest`; text arrays and ranges can't be elements there and travel as
JSON and text, so use `source_sql` rather than writing the `unnest` by hand.
"""

from __future__ import annotations

import datetime as dt
import enum
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import attrs
import msgspec

from protocol.records.base import Record, Table
from protocol.records.values import Period

__all__ = ["Column", "RecordMapping", "mapping_of"]

R = TypeVar("R", bound=Record)
Converter = Callable[[Any], Any]
SCALARS: Final[Mapping[type, str]] = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    bool: "boolean",
    float: "double precision",
    bytes: "bytea",
    dt.datetime: "timestamp with time zone",
    dt.date: "date",
    dt.time: "time without time zone",
}


@attrs.frozen(kw_only=True)
class Column:
    """One column of a table and one field of its record.

    `array_type` is the type of its parameter in `source_sql`, `select` what makes a value of an
    element there. `to_row` makes what a plain parameter takes, `to_element` what an element takes,
    `from_row` undoes `to_row`; None where nothing is to be done. None of them is asked about null.
    """

    name: str
    sql_type: str
    nullable: bool
    array_type: str
    select: str
    members: tuple[str, ...] = ()
    """The values that the column may have, if it holds an enumeration."""
    to_row: Converter | None = None
    to_element: Converter | None = None
    from_row: Converter | None = None


@attrs.frozen(eq=False)
class RecordMapping(Generic[R]):
    """How one record class and its table fit together. Made by `mapping_of` only."""

    record: type[R]
    columns: tuple[Column, ...]
    _values_of: Callable[[R], tuple[object, ...]] = attrs.field(init=False, repr=False)
    _converters: tuple[tuple[int, Converter], ...] = attrs.field(init=False, repr=False)

    @_values_of.default
    def _values_by_name(self) -> Callable[[R], tuple[object, ...]]:
        return attrgetter(*self.names)

    @_converters.default
    def _converters_by_place(self) -> tuple[tuple[int, Converter], ...]:
        made = [column.to_row for column in self.columns]
        return tuple((at, convert) for at, convert in enumerate(made) if convert is not None)

    @property
    def table(self) -> Table:
        """The facts of the table."""
        return self.record.table

    @property
    def table_sql(self) -> str:
        """The table's name with its schema."""
        return f"{self.table.schema}.{self.table.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the order of all rows and arrays here."""
        return tuple(column.name for column in self.columns)

    @property
    def columns_sql(self) -> str:
        """The columns' names as a list."""
        return ", ".join(self.names)

    def source_sql(self, first_parameter: int = 1) -> str:
        """A `select` of all columns, in order, from one array parameter per column."""
        parameters = ", ".join(
            f"${number}::{column.array_type}[]"
            for number, column in enumerate(self.columns, first_parameter)
        )
        values = ", ".join(column.select for column in self.columns)
        return f"select {values} from unnest({parameters}) as element ({self.columns_sql})"

    def to_row(self, record: R) -> tuple[object, ...]:
        """The values of one record, one parameter per column.

        COPY takes them too.
        """
        values = [*self._values_of(record)]
        for at, convert in self._converters:
            if (value := values[at]) is not None:
                values[at] = convert(value)
        return tuple(values)

    def to_arrays(self, records: Iterable[R]) -> list[list[object]]:
        """The array parameters of `source_sql` for `records`, one array per column."""
        records = tuple(records)
        return [
            [
                value if convert is None or value is None else convert(value)
                for value in (getattr(record, column.name) for record in records)
            ]
            for column, convert in ((column, column.to_element) for column in self.columns)
        ]

    def from_row(self, row: Mapping[str, Any]) -> R:
        """The record of a row that has all its columns; others are ignored.

        Raises:
            KeyError: a column is missing.
            ValueError: a value is none that the record can hold: the schema is not ours.
        """
        values = {}
        for column in self.columns:
            value = row[column.name]
            if value is not None and column.from_row is not None:
                value = column.from_row(value)
            values[column.name] = value
        return self.record(**values)

    def from_rows(self, rows: Sequence[Mapping[str, Any]]) -> tuple[R, ...]:
        """As `from_row`, for each."""
        return tuple(self.from_row(row) for row in rows)


_MADE: Final[dict[type[Record], RecordMapping[Any]]] = {}


def mapping_of(record: type[R]) -> RecordMapping[R]:
    """The mapping of a record class, made once.

    Raises:
        TypeError: a field has a type that no column can hold.
    """
    if (made := _MADE.get(record)) is not None:
        return made
    hints = typing.get_type_hints(record)
    fields = attrs.fields(typing.cast("type[attrs.AttrsInstance]", record))
    columns = tuple(_column(record, field.name, hints[field.name]) for field in fields)
    _MADE[record] = RecordMapping(record, columns)
    return _MADE[record]


def _column(record: type[Record], name: str, hint: Any) -> Column:
    hint, nullable = _without_none(hint)
    if hint == tuple[str, ...]:
        return _texts(name, nullable=nullable)
    if hint is Period:
        return _period(name, nullable=nullable)
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return _enumeration(name, hint, nullable=nullable)
    if isinstance(hint, type) and hint in SCALARS:
        sql_type = SCALARS[hint]
        return Column(
            name=name,
            sql_type=sql_type,
            nullable=nullable,
            array_type=sql_type,
            select=f"element.{name}",
        )
    if typing.get_origin(hint) in {tuple, Mapping} or attrs.has(hint):
        return _json(name, hint, nullable=nullable)
    raise TypeError(f"{record.__name__}.{name} is a {hint}, which no column can hold")


def _without_none(hint: Any) -> tuple[Any, bool]:
    """The type beside None, and whether None was there."""
    if typing.get_origin(hint) not in {types.UnionType, typing.Union}:
        return hint, False
    others = [part for part in typing.get_args(hint) if part is not types.NoneType]
    if len(others) != 1:
        raise TypeError(f"a column has one type beside null, not {hint}")
    return others[0], len(others) < len(typing.get_args(hint))


def _enumeration(name: str, hint: type[enum.StrEnum], *, nullable: bool) -> Column:
    return Column(
        name=name,
        sql_type="text",
        nullable=nullable,
        array_type="text",
        select=f"element.{name}",
        members=tuple(member.value for member in hint),
        to_row=str,
        to_element=str,
        from_row=hint,
    )


def _texts(name: str, *, nullable: bool) -> Column:
    parts = f"jsonb_array_elements_text(element.{name}) with ordinality as part (value, place)"
    made = f"(select coalesce(array_agg(value order by place), '{{}}') from {parts})"
    return Column(
        name=name,
        sql_type="text[]",
        nullable=nullable,
        array_type="jsonb",
        select=f"case when element.{name} is not null then {made} end" if nullable else made,
        to_row=list,
        to_element=_to_json,
        from_row=tuple,
    )


def _period(name: str, *, nullable: bool) -> Column:
    return Column(
        name=name,
        sql_type="tstzrange",
        nullable=nullable,
        array_type="text",
        select=f"element.{name}::tstzrange",
        to_row=lambda period: (period.start, period.end),
        to_element=lambda period: f"[{period.start.isoformat()},{period.end.isoformat()})",
        from_row=lambda found: Period(start=found.lower, end=found.upper),
    )


def _json(name: str, hint: Any, *, nullable: bool) -> Column:
    decoder = msgspec.json.Decoder(hint)
    return Column(
        name=name,
        sql_type="jsonb",
        nullable=nullable,
        array_type="jsonb",
        select=f"element.{name}",
        to_row=_to_json,
        to_element=_to_json,
        from_row=decoder.decode,
    )


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
