"""A class with one field of each kind, and everything that might be sent in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import attrs
from hypothesis import strategies as st

from protocol.addresses import Role
from protocol.bounds import PREPARED, integer, items, minor, number, text
from protocol.errors import FieldError
from protocol.records.states import Activity

ID = "01935d2a-7c00-7000-8000-0000000000a1"


@attrs.frozen(kw_only=True)
class Part:
    """A nested object."""

    name: Annotated[str, text(min=1, max=5, pattern=r"[a-z]+")]
    at: datetime | None = None


@attrs.frozen(kw_only=True)
class Sample:
    """One field of each kind."""

    id: UUID
    count: Annotated[int, integer(0, 10)] = 0
    amount_minor: Annotated[int, minor(1, 500)] = 1
    any_count: int = 0
    ratio: Annotated[float, number(-1, 1)] = 0.0
    free: str = ""
    bytes_: Annotated[str, text(max=72, bytes_max=8)] = ""
    flag: bool = False
    at: datetime | None = None
    day: date | None = None
    activity: Activity = Activity.LOUNGE
    role: Role = Role.PATRON
    word: Literal["up", "down"] = "up"
    part: Part | None = None
    parts: Annotated[tuple[Part, ...], items(0, 3)] = ()
    many: tuple[int, ...] = ()
    counts: Mapping[str, int] = attrs.field(factory=dict)
    either: int | str = 0
    anything: Mapping[str, Any] = attrs.field(factory=dict)
    prepared: Annotated[str | None, PREPARED] = None

    def faults(self) -> Iterable[FieldError]:
        """A rule between members."""
        if self.count == 10 and self.flag:
            yield FieldError("/flag", "not_allowed", "not with ten")


@attrs.frozen(kw_only=True)
class Optional:
    """Nothing is required here."""

    part: Part | None = None
    count: int = 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.characters(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
