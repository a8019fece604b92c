"""Strict reading and writing of commands, replies and events as JSON values.

The types of a class's fields, with the bounds annotated in them, decide what is taken. Reading
finds everything that is wrong, not only the first; each error has an RFC 6901 pointer. A field
whose name is a word of Python has an underscore behind it, which JSON does not show (`from_`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from protocol.codec_json import Malformed, parse_json, render_json
from protocol.codec_objects import json_name
from protocol.codec_reading import bare, reader_of
from protocol.codec_scalars import Invalid
from protocol.codec_writing import write

__all__ = [
    "Invalid",
    "Malformed",
    "bare",
    "decode",
    "decode_lenient",
    "decode_query",
    "encode",
    "json_name",
    "parse_json",
    "reader_of",
    "render_json",
    "to_json",
]

T = TypeVar("T")


def decode(cls: type[T], data: object) -> T:
    """Make a `cls` of plain values.

    Raises:
        Invalid: unknown, missing or wrong members; all of them, up to FIELD_ERRORS_MAX.
    """
    return cast("T", reader_of(cls)(data))


def decode_lenient(cls: type[T], data: object) -> tuple[T, tuple[str, ...]]:
    """Make a `cls` of what fits, and point to what was dropped because it didn't (Rule 8).

    Raises:
        Invalid: a member without a default is missing or wrong.
    """
    made, dropped = reader_of(cls).read_lenient(data)
    return cast("T", made), tuple(dropped)


def decode_query(cls: type[T], pairs: Iterable[tuple[str, str]]) -> T:
    """Make a `cls` of the parameters of a query string or path, where everything is text.

    Raises:
        Invalid: unknown, repeated, missing or wrong parameters; the pointers name them.
    """
    return cast("T", reader_of(cls).read_texts(pairs))


def encode(value: object) -> Any:
    """The plain values of a reply, an event or a command: what JSON can hold.

    Times are RFC 3339 in UTC with exactly three decimals, ids lower-case text.

    Raises:
        ValueError: a time without zone, or a number that is not finite: a bug of ours.
    """
    return write(value)


def to_json(value: object) -> bytes:
    """`encode`, as UTF-8 JSON."""
    return render_json(write(value))
