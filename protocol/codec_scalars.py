"""How single values are read: exact types, within their bounds, and storable.

Nothing is coerced: "3", 3.0 and true are no integers. Each reader takes a plain value and returns
what it stands for, or raises `Invalid` with one error that points at the value itself ("").
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, NoReturn
from uuid import UUID

import attrs
import msgspec

from protocol.addresses import Role
from protocol.bounds import INTEGER, NUMBER, TEXT, Integer, Number, Text
from protocol.errors import Code, FieldError, LastLightError, Refusal
from protocol.limits import JSON_DEPTH_MAX

Reader = Callable[[object], Any]
"""Reads a plain value. Raises Invalid."""

_SHOWN_CHARS_MAX: Final = 60
_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS: Final = range(1900, 3000)
"""Of days and times that anybody means; what is reckoned from them then has a year as well."""
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


@attrs.frozen(eq=False)
class Invalid(LastLightError):
    """A value does not fit what is asked for; every place where it doesn't is in `errors`."""

    code: ClassVar[Code] = Code.VALIDATION_FAILED
    errors: tuple[FieldError, ...]

    def __str__(self) -> str:
        shown = "; ".join(
            f"{error.pointer or '(all)'}: {error.detail}" for error in self.errors[:5]
        )
        return f"{len(self.errors)} of the values sent do not fit: {shown}"

    def refusal(self) -> Refusal:
        """The answer with a pointer for each error."""
        return Refusal(self.code, str(self), errors=self.errors)


def refuse(code: str, detail: str) -> NoReturn:
    """Refuse the value at hand."""
    raise Invalid((FieldError("", code, detail),))


def kind_of(value: object) -> str:
    """What JSON calls the type of a plain value."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "something else")


def printable(given: str) -> str:
    """A piece of what a client sent, fit for any message: bounded, and without lone surrogates."""
    cut = given if len(given) <= _SHOWN_CHARS_MAX else given[:_SHOWN_CHARS_MAX] + "…"
    return cut.encode("utf-8", "replace").decode().replace("\0", "�")


def text_reader(bound: Text) -> Reader:
    """Read a string that PostgreSQL can store: no NUL, no lone surrogate, not too long."""
    at_least, at_most, bytes_max = bound.min, bound.max, bound.bytes_max
    matches = bound.pattern.fullmatch if bound.pattern else None

    def read(value: object) -> str:
        if type(value) is not str:
            refuse("wrong_type", f"must be a string, is {kind_of(value)}")
        length = len(value)
        if length > at_most:
            refuse("too_long", f"has {length} characters; at most {at_most} are allowed")
        if length < at_least:
            refuse("too_short", f"has {length} characters; at least {at_least} are needed")
        if "\0" in value:
            refuse("not_storable", "contains the character U+0000")
        if not value.isascii() or bytes_max is not None:
            _check_bytes(value, bytes_max)
        if matches is not None and matches(value) is None:
            refuse("wrong_form", "does not have the form that is asked for")
        return value

    return read


def _check_bytes(value: str, bytes_max: int | None) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        refuse("not_storable", "contains half of a surrogate pair")
    if bytes_max is not None and size > bytes_max:
        refuse("too_long", f"is {size} bytes in UTF-8; at most {bytes_max} are allowed")


def integer_reader(bound: Integer) -> Reader:
    """Read an integer; a number with a fraction or exponent is none, even a whole one."""
    at_least, at_most = bound.min, bound.max

    def read(value: object) -> int:
        if type(value) is not int:
            refuse("wrong_type", f"must be an integer, is {kind_of(value)}")
        if not at_least <= value <= at_most:
            refuse("out_of_range", f"must be from {at_least} to {at_most}")
        return value

    return read


def number_reader(bound: Number) -> Reader:
    """Read a number, finite and within its bounds, as a float."""
    at_least, at_most = bound.min, bound.max

    def read(value: object) -> float:
        if type(value) is not float and type(value) is not int:
            refuse("wrong_type", f"must be a number, is {kind_of(value)}")
        # NaN compares false, so it is refused here too.
        if not at_least <= value <= at_most:
            refuse("out_of_range", f"must be a number from {at_least:g} to {at_most:g}")
        return float(value)

    return read


def read_bool(value: object) -> bool:
    """Read true or false."""
    if type(value) is not bool:
        refuse("wrong_type", f"must be true or false, is {kind_of(value)}")
    return value


def read_datetime(value: object) -> datetime:
    """Read an RFC 3339 time as UTC; what is finer than a millisecond is cut off."""
    if type(value) is not str:
        refuse("wrong_type", f"must be a time as a string, is {kind_of(value)}")
    if _DATETIME.fullmatch(value) is None:
        refuse("wrong_form", "must be a time as RFC 3339 has it, such as 2026-03-29T02:30:00.000Z")
    try:
        time = datetime.fromisoformat(value if value[-1] != "z" else value.upper())
        if time.tzinfo is not UTC:
            time = time.astimezone(UTC)
    except (ValueError, OverflowError):
        refuse("wrong_form", "is no time that exists in the years 1 to 9999")
    _check_year(time.year)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def read_date(value: object) -> date:
    """Read a calendar date, YYYY-MM-DD."""
    if type(value) is not str:
        refuse("wrong_type", f"must be a date as a string, is {kind_of(value)}")
    if _DATE.fullmatch(value) is None:
        refuse("wrong_form", "must be a date as YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        refuse("wrong_form", "is no date that exists in the years 1 to 9999")
    _check_year(day.year)
    return day


def _check_year(year: int) -> None:
    if year not in _YEARS:
        refuse("out_of_range", f"must be in the years {_YEARS[0]} to {_YEARS[-1]}")


def read_uuid(value: object) -> UUID:
    """Read an id in its hyphenated form; RFC 9562 leaves the case to the sender."""
    if type(value) is not str:
        refuse("wrong_type", f"must be an id as a string, is {kind_of(value)}")
    if _UUID.fullmatch(value) is None:
        refuse("wrong_form", "must be an id such as 00000000-0000-7000-8000-000000000001")
    return msgspec.convert(value, UUID)  # as UUID(value), in a quarter of its time


def choices_of(cls: type[enum.Enum]) -> dict[str, enum.Enum]:
    """The members of an enumeration by their word in JSON; roles go by their label."""
    if issubclass(cls, Role):
        return {role.label: role for role in cls}
    return {str(member.value): member for member in cls}


def enum_reader(cls: type[enum.Enum]) -> Reader:
    """Read one of the words of an enumeration."""
    return choice_reader(choices_of(cls))


def choice_reader(choices: Mapping[str, object]) -> Reader:
    """Read one of some words as what it stands for."""
    words = ", ".join(choices)

    def read(value: object) -> object:
        if type(value) is not str:
            refuse("wrong_type", f"must be one of {words}, is {kind_of(value)}")
        if (member := choices.get(value)) is None:
            refuse("not_allowed", f"must be one of {words}; is {printable(value)}")
        return member

    return read


def read_json(value: object, depth: int = 0) -> object:
    """Read any plain value that jsonb can store, for the few fields without a shape."""
    if depth > JSON_DEPTH_MAX:
        refuse("too_deep", f"nests deeper than {JSON_DEPTH_MAX} levels")
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        return _read_any_text(value)
    if type(value) is int:
        return _read_any_integer(value)
    if type(value) is float:
        return _read_any_number(value)
    if type(value) is list:
        return [read_json(item, depth + 1) for item in value]
    if type(value) is dict:
        return {_read_any_text(name): read_json(item, depth + 1) for name, item in value.items()}
    refuse("wrong_type", "must be a value that JSON has")


_read_any_text: Final = text_reader(TEXT)
_read_any_integer: Final = integer_reader(INTEGER)
_read_any_number: Final = number_reader(NUMBER)


def number_from(text: str) -> object:
    """A number out of a query string, or the text itself if it is none."""
    if _INTEGER_TEXT.fullmatch(text):
        return int(text)
    if _NUMBER_TEXT.fullmatch(text):
        found = float(text)
        return found if math.isfinite(found) else text
    return text


_INTEGER_TEXT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_NUMBER_TEXT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?")
_KINDS: Final[dict[type, str]] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}
