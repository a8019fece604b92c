"""The bounds that stand in the types of commands, replies and events.

`Annotated[str, text(max=200)]` says once what the decoder refuses and what the OpenAPI document
shows. A type without bounds has the general ones of `protocol.limits`, so nothing is unbounded.
"""

from __future__ import annotations

import re
from typing import Final, overload

import attrs

from protocol.limits import INT64_MAX, LIST_ITEMS_MAX, MINOR_MAX, STRING_CHARS_MAX

NUMBER_MAX: Final = 1e15
"""Below 2**53, so that a whole number is itself after its way through a double."""


@attrs.frozen(kw_only=True)
class Text:
    """Of a string: its length in characters, in UTF-8 bytes if given, and what it must match."""

    min: int
    max: int
    bytes_max: int | None = None
    pattern: re.Pattern[str] | None = None
    secret: bool = False
    """Shown to nobody: not in snapshots, not in logs."""


@attrs.frozen(kw_only=True)
class Integer:
    """Of an integer: the least and the greatest value, both allowed."""

    min: int
    max: int


@attrs.frozen(kw_only=True)
class Number:
    """Of a number that may have a fraction: the least and the greatest value, both allowed."""

    min: float
    max: float


@attrs.frozen(kw_only=True)
class Items:
    """Of a list or a map: how many items it may have."""

    min: int
    max: int


@attrs.frozen
class Prepared:
    """Of a field that no client may send: a named step before the mailbox fills it."""


PREPARED: Final = Prepared()

Bound = Text | Integer | Number | Items


def text(
    *,
    max: int,  # noqa: A002
    min: int = 0,  # noqa: A002
    bytes_max: int | None = None,
    pattern: str | None = None,
    secret: bool = False,
) -> Text:
    """Bounds of a string; the whole of it must match `pattern`, which sees ASCII classes only."""
    assert 0 <= min <= max <= STRING_CHARS_MAX, f"text of {min} to {max} characters"
    compiled = None if pattern is None else re.compile(pattern, re.ASCII)
    return Text(min=min, max=max, bytes_max=bytes_max, pattern=compiled, secret=secret)


def integer(min: int, max: int = INT64_MAX) -> Integer:  # noqa: A002
    """Bounds of an integer, within what a bigint column holds."""
    assert -INT64_MAX - 1 <= min <= max <= INT64_MAX, f"integer from {min} to {max}"
    return Integer(min=min, max=max)


def minor(min: int = 0, max: int = MINOR_MAX) -> Integer:  # noqa: A002
    """Bounds of an amount of money in minor units (Rule 1)."""
    assert -MINOR_MAX <= min <= max <= MINOR_MAX, f"amount from {min} to {max}"
    return Integer(min=min, max=max)


def number(min: float, max: float) -> Number:  # noqa: A002
    """Bounds of a number with a fraction: degrees, metres; never money."""
    assert -NUMBER_MAX <= min <= max <= NUMBER_MAX, f"number from {min} to {max}"
    return Number(min=min, max=max)


def items(min: int, max: int) -> Items:  # noqa: A002
    """Bounds of how many items a list or map has."""
    assert 0 <= min <= max <= LIST_ITEMS_MAX, f"{min} to {max} items"
    return Items(min=min, max=max)


TEXT: Final = text(max=STRING_CHARS_MAX)
INTEGER: Final = integer(-INT64_MAX - 1)
NUMBER: Final = number(-NUMBER_MAX, NUMBER_MAX)
ITEMS: Final = items(0, LIST_ITEMS_MAX)


@overload
def bound_of(metadata: tuple[object, ...], default: Text) -> Text: ...
@overload
def bound_of(metadata: tuple[object, ...], default: Integer) -> Integer: ...
@overload
def bound_of(metadata: tuple[object, ...], default: Number) -> Number: ...
@overload
def bound_of(metadata: tuple[object, ...], default: Items) -> Items: ...
def bound_of(metadata: tuple[object, ...], default: Bound) -> Bound:
    """The bound of `default`'s kind among the metadata of an `Annotated`, else `default`."""
    return next((item for item in metadata if isinstance(item, type(default))), default)
