"""The state of an actor: its records, by class and primary key.

Domain states add names for what they hold and indexes over it; the rows are the only truth, and
`put` and `discard` the only way in, used by the runtime when an outcome is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from protocol.addresses import Address
from protocol.records.base import Record

R = TypeVar("R", bound=Record)
_NOTHING: Mapping[tuple[Any, ...], Any] = MappingProxyType({})


class State:
    """Records of one actor. Subclasses may override `on_put` and `on_discard` to keep indexes."""

    __slots__ = ("_rows", "address")

    def __init__(self, address: Address) -> None:
        self.address = address
        # Of values that are of the key's class, which no type says; `cast` is a call of its own.
        self._rows: dict[type[Record], dict[tuple[Any, ...], Any]] = {}

    def rows(self, kind: type[R]) -> Mapping[tuple[Any, ...], R]:
        """All records of one class, by primary key. Not to be changed."""
        return self._rows.get(kind, _NOTHING)

    def all(self, kind: type[R]) -> Iterable[R]:
        """All records of one class, in the order in which they came."""
        return self.rows(kind).values()

    def get(self, kind: type[R], *key: object) -> R | None:
        """The record with this primary key, or None."""
        rows = self._rows.get(kind)
        found: R | None = None if rows is None else rows.get(key)
        return found

    def one(self, kind: type[R]) -> R:
        """The only record of a class of which every state of this kind has exactly one."""
        (only,) = self.rows(kind).values()
        return only

    def first(self, kind: type[R]) -> R | None:
        """The only record of a class, or None if there is none yet."""
        for row in self._rows.get(kind, _NOTHING).values():
            found: R = row
            return found
        return None

    def put(self, record: Record) -> None:
        """Take a new or changed record in."""
        rows = self._rows.get(type(record))
        if rows is None:
            rows = self._rows[type(record)] = {}
        key = record.primary_key
        before = rows.get(key)
        rows[key] = record
        self.on_put(before, record)

    def discard(self, kind: type[Record], key: tuple[Any, ...]) -> None:
        """Let a record go, if it is there."""
        before = self._rows.get(kind, {}).pop(key, None)
        if before is not None:
            self.on_discard(before)

    def on_put(self, before: Record | None, after: Record) -> None:
        """Called after a record came in; `before` is what it replaces."""

    def on_discard(self, before: Record) -> None:
        """Called after a record went."""

    @property
    def exists(self) -> bool:
        """Whether there is anybody at this address: what loading found nothing for is not kept."""
        # Each message asks, and the first class of rows answers.
        for rows in self._rows.values():  # noqa: SIM110 - half the time of `any`
            if rows:
                return True
        return False

    def __iter__(self) -> Iterator[Record]:
        for rows in self._rows.values():
            yield from rows.values()
