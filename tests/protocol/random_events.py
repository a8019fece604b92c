"""Random events of every type, about few things, so that what happens happens to the same ones."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from protocol.codec import encode
from protocol.codec_objects import json_name
from protocol.entries import RoomEvent
from protocol.events import EVENTS, EventData

IDS = [UUID(int=n) for n in range(1, 4)]
VENUE = UUID(int=9)
STAFF_ROOM = f"venue:{VENUE}:staff"
USER_ROOM = f"user:{IDS[0]}"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    UUID: st.sampled_from(IDS),
    datetime: st.just(NOON),
    date: st.sampled_from([date(2026, 1, n) for n in (1, 2, 3)]),
    int: st.integers(1, 3),
    float: st.sampled_from([0.5, 1.5]),
    bool: st.booleans(),
    str: st.sampled_from(["a", "b", "7"]),
    Any: st.none(),
    type(None): st.none(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """A strategy for the type of one member."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=1)
    assert issubclass(kind, enum.Enum), kind
    return st.sampled_from(list(kind))


def data_of(cls: type[EventData]) -> st.SearchStrategy[Any]:
    """A strategy for the data of one type, as it goes out."""
    hints = get_type_hints(cls)
    names = [name for name in hints if name not in EventData.__annotations__]
    return st.builds(cls, **{name: values_of(hints[name]) for name in names}).map(encode)


def members_of(cls: type[EventData]) -> set[str]:
    """What the data of a type has, by the names in JSON."""
    names = get_type_hints(cls).keys() - EventData.__annotations__.keys()
    return {json_name(name) for name in names}


DURABLE = {name: cls for name, cls in EVENTS.items() if cls.durable}
_BY_TYPE = {name: data_of(cls) for name, cls in DURABLE.items()}


@st.composite
def events(draw: st.DrawFn, room: str = STAFF_ROOM, *, types: list[str] | None = None) -> RoomEvent:
    """One durable event of a room; now and then it is hidden from one of the three."""
    type_ = draw(st.sampled_from(types or sorted(DURABLE)))
    return RoomEvent(
        id=IDS[0],
        type=type_,
        venue_id=draw(st.sampled_from([VENUE, None])),
        occurred_at=NOON,
        data=draw(_BY_TYPE[type_]),
        rooms=((room, 1),),
        hide_from=draw(st.sampled_from([None, None, None, *IDS])),
    )
