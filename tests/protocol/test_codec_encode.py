"""Writing, and reading back what was written."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.addresses import Role
from protocol.bounds import INTEGER, ITEMS, NUMBER, TEXT, bound_of
from protocol.codec import Invalid, bare, decode, encode, parse_json, reader_of, to_json
from protocol.codec_scalars import choices_of
from protocol.events import EVENTS
from protocol.operations.table import OPERATIONS
from protocol.replies.base import REPLIES
from protocol.replies.transactions import Balance

TIMES = st.integers(-2_208_988_800_000, 32_503_679_999_999).map(
    lambda at_ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
)
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def values_of(declared: Any) -> st.SearchStrategy[Any]:
    """Everything that a field of this type may hold."""
    kind, metadata, nullable = bare(declared)
    found = _plain(kind, metadata, getattr(kind, "__args__", ()))
    return st.none() | found if nullable else found


def _plain(
    kind: Any, metadata: tuple[object, ...], arguments: tuple[Any, ...]
) -> st.SearchStrategy[Any]:
    if kind is str:
        bound = bound_of(metadata, TEXT)
        if bound.pattern is not None:
            found = st.from_regex(bound.pattern, fullmatch=True, alphabet=STORABLE)
            return found.filter(lambda word: bound.min <= len(word) <= bound.max)
        size = min(bound.max, 20)
        return st.text(STORABLE, min_size=bound.min, max_size=max(size, bound.min)).filter(
            lambda word: bound.bytes_max is None or len(word.encode()) <= bound.bytes_max
        )
    if kind is int:
        whole = bound_of(metadata, INTEGER)
        return st.integers(whole.min, whole.max)
    if kind is float:
        part = bound_of(metadata, NUMBER)
        return st.floats(part.min, part.max)
    if kind in SCALARS:
        return SCALARS[kind]
    if attrs.has(kind):
        return instances_of(kind)
    origin = getattr(kind, "__origin__", None)
    if origin is tuple:
        least = bound_of(metadata, ITEMS).min
        return st.lists(values_of(arguments[0]), min_size=least, max_size=least + 1).map(tuple)
    if origin is Mapping:
        least = bound_of(metadata, ITEMS).min
        return st.dictionaries(
            values_of(arguments[0]), values_of(arguments[1]), min_size=least, max_size=least + 1
        )
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(values_of(option) for option in arguments))
    if isinstance(kind, type):
        return st.sampled_from(list(choices_of(kind).values()))
    return st.sampled_from(arguments)


SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    datetime: TIMES,
    date: st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    UUID: st.uuids(),
    Any: st.text(STORABLE, max_size=5) | st.integers(-5, 5),
}


def instances_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Instances of a class with fields as they may be sent."""
    made = anything_of(cls)
    faults = getattr(cls, "faults", None)
    return made if faults is None else made.filter(lambda found: not tuple(faults(found)))


def anything_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    """The same, with fields that may not fit one another."""
    members = reader_of(cls).members.values()
    return st.builds(cls, **{member.field: values_of(member.type) for member in members})


LISTED = [*REPLIES.values(), *EVENTS.values(), *(row.command for row in OPERATIONS)]


@pytest.mark.parametrize("cls", LISTED, ids=lambda cls: cls.__name__)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_everything_that_is_said_is_read_back_as_it_was(cls: type[Any], data: Any) -> None:
    """Answers and events are stored as JSON; what comes back later must be the same.

    Of a command, what does not fit together is refused instead.
    """
    given_ = data.draw(anything_of(cls))
    read = parse_json(to_json(given_))
    if isinstance(read, dict):
        read = {name: read[name] for name in reader_of(cls).members}
    faults = getattr(cls, "faults", None)
    if faults is not None and tuple(faults(given_)):
        with pytest.raises(Invalid):
            decode(cls, read)
        return
    assert decode(cls, read) == given_


def test_times_have_exactly_three_decimals_and_a_z() -> None:
    """Clients compare times as text; 12:00:00Z would sort behind 12:00:00.001Z."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert encode(noon) == "2026-01-01T12:00:00.000Z"
    assert encode(noon.replace(microsecond=1_999)) == "2026-01-01T12:00:00.001Z"
    tokyo = noon.astimezone(timezone(timedelta(hours=9)))
    assert encode(tokyo) == "2026-01-01T12:00:00.000Z"


def test_roles_dates_and_wall_times_have_their_word() -> None:
    """A role is a number inside and a word outside."""
    given_ = {"role": Role.STAFF, "day": date(2026, 1, 2), "cutover": time(5), "id": UUID(int=1)}
    assert encode(given_) == {
        "role": "staff",
        "day": "2026-01-02",
        "cutover": "05:00",
        "id": "00000000-0000-0000-0000-000000000001",
    }


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_what_json_cannot_say_is_a_bug_and_not_written(wrong: object) -> None:
    """A NaN or a time without zone in an answer would be some client's puzzle. Rule 1 integers."""
    with pytest.raises(ValueError, match=r"can't be written|no time zone"):
        encode(wrong)


def test_encoded_values_are_plain() -> None:
    """They are stored with msgpack, which knows no class of ours."""
    assert encode((Balance(available_minor=1, held_minor=2),)) == [
        {"available_minor": 1, "held_minor": 2}
    ]
