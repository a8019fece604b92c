"""What a record is: one row of one table, owned by one actor.

Loading and write-behind map records generically, so whatever they need to know of a table stands
beside its class: key, unique keys, version and whether rows are ever changed. Rows of an
append-only table are never updated or deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, Final, Self, TypeVar, cast, dataclass_transform

import attrs

from protocol.evolving import evolve


@attrs.frozen
class Unique:
    """A unique key besides the primary one. `where` maps a column to the values it counts for.

    `None` in the values stands for null; an empty `where` counts all rows. Columns in `lowered`
    are compared without case. `PRESENT` as values means any but null.
    """

    columns: tuple[str, ...]
    where: tuple[tuple[str, tuple[object, ...]], ...] = ()
    lowered: bool = False


@attrs.frozen(kw_only=True)
class Table:
    """The facts of one table."""

    name: str
    key: tuple[str, ...]
    unique: tuple[Unique, ...] = ()
    versioned: bool = True
    append_only: bool = False
    tenant: str | None = None
    """Column that holds the venue, if rows belong to one."""
    given_at_flush: tuple[str, ...] = ()
    """Columns that the write-behind fills (numbers and hashes); None until then."""
    schema: str = "public"


class Record:
    """Base of all records; see `record`."""

    __slots__ = ()
    table: ClassVar[Table]

    @property
    def primary_key(self) -> tuple[Any, ...]:
        """The values of the primary key, in its order. Not named `key`: two tables have a column
        of that name."""
        return tuple(getattr(self, column) for column in self.table.key)

    def evolve(self, **changes: Any) -> Self:
        """This row with other values. The version stays: for rows not written yet."""
        return evolve(self, **changes)

    def revised(self, **changes: Any) -> Self:
        """The next version of this row, with other values."""
        version = cast("Any", self).version + 1
        return self.evolve(**changes, version=version)


RECORDS: Final[dict[str, type[Record]]] = {}
"""Every record class by its table's name."""

R = TypeVar("R", bound=type[Record])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(table: Table) -> Callable[[R], R]:
    """Make a class the record of `table`: frozen, slotted, keyword-only, and registered.

    Raises:
        ValueError: the table has a record already, or names a column that the class lacks.
    """

    def wrap(cls: R) -> R:
        made = attrs.frozen(kw_only=True, slots=True, hash=False)(cls)
        columns = {field.name for field in attrs.fields(made)}  # type: ignore[arg-type]
        named = {*table.key, *table.given_at_flush}
        named |= {column for unique in table.unique for column in unique.columns}
        if table.tenant:
            named.add(table.tenant)
        if table.versioned:
            named.add("version")
        if unknown := named - columns:
            raise ValueError(f"{table.name} names columns that its record lacks: {unknown}")
        if table.name in RECORDS:
            raise ValueError(f"{table.name} has a record already: {RECORDS[table.name]}")
        made.table = table
        # Read by the state, the entry and the write-behind for every row: one call in C.
        columns_of = attrgetter(*table.key)
        setattr(  # noqa: B010 - mypy knows no other way to give a class a property
            made,
            "primary_key",
            property(columns_of if len(table.key) > 1 else lambda row: (columns_of(row),)),
        )
        RECORDS[table.name] = made
        return made

    return wrap
