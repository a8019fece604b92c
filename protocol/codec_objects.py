"""How objects, lists and maps are read: member by member, gathering every error with its pointer.

A class may have a method `faults()` for rules between its members; it is asked once all members
fit, and what it finds is refused like anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from protocol.bounds import Items
from protocol.codec_scalars import Invalid, Reader, kind_of, printable, refuse
from protocol.errors import FieldError
from protocol.limits import FIELD_ERRORS_MAX

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def json_name(name: str) -> str:
    """The member's name in JSON; fields named like a word of Python end in an underscore."""
    return name.removesuffix("_")


def escaped(name: str) -> str:
    """One reference token of an RFC 6901 pointer; bounded, since a client may have chosen it."""
    return printable(name).replace("~", "~0").replace("/", "~1")


def below(name: str | int, error: Invalid) -> Iterable[FieldError]:
    """The errors of a member, pointing from its parent."""
    token = escaped(name) if isinstance(name, str) else str(name)
    for fault in error.errors:
        yield FieldError(f"/{token}{fault.pointer}", fault.code, fault.detail)


@attrs.frozen(kw_only=True)
class Member:
    """One member of an object: the field it fills, and how it is read."""

    field: str
    type: Any
    read: Reader
    from_text: Reader
    """Reads the member out of a query string or path, where everything is text."""
    required: bool
    nested: ObjectReader | None = None


class ObjectReader:
    """Reads an object as an instance of one class."""

    __slots__ = ("_faults", "_required", "cls", "members")

    def __init__(self, cls: type[Any], members: Mapping[str, Member]) -> None:
        self.cls: Final = cls
        self.members: Final = dict(members)
        self._required: Final = tuple(
            (name, member.field) for name, member in members.items() if member.required
        )
        self._faults: Final[Callable[[Any], Iterable[FieldError]] | None] = getattr(
            cls, "faults", None
        )

    def __call__(self, value: object, preset: Mapping[str, Any] = NOTHING) -> Any:
        """Read an object; `preset` fills other fields. Raises Invalid with all that is wrong."""
        if type(value) is not dict:
            refuse("wrong_type", f"must be an object, is {kind_of(value)}")
        errors: list[FieldError] = []
        values = dict(preset)
        members = self.members
        for name, given in value.items():
            if (member := members.get(name)) is None:
                errors.append(unknown(name))
                continue
            try:
                values[member.field] = member.read(given)
            except Invalid as error:
                errors.extend(below(name, error))
        return self._make(values, errors, value)

    def read_lenient(
        self, value: object, preset: Mapping[str, Any] = NOTHING
    ) -> tuple[Any, list[str]]:
        """Read what fits; say where the rest was. Raises Invalid if something required is."""
        if type(value) is not dict:
            return self._make(dict(preset), [], ()), [""]
        values = dict(preset)
        dropped: list[str] = []
        for name, given in value.items():
            if (member := self.members.get(name)) is None:
                dropped.append(f"/{escaped(str(name))}")
                continue
            try:
                values[member.field] = member.read(given)
            except Invalid:
                part, inside = _part(member, given)
                if part is not None:
                    values[member.field] = part
                dropped.extend(f"/{escaped(name)}{pointer}" for pointer in inside)
        # What was sent and dropped is as missing as what was not sent.
        return self._make(values, [], ()), dropped[:FIELD_ERRORS_MAX]

    def read_texts(
        self, pairs: Iterable[tuple[str, str]], preset: Mapping[str, Any] = NOTHING
    ) -> Any:
        """Read the parameters of a query string. Raises Invalid; a parameter given twice is."""
        errors: list[FieldError] = []
        values = dict(preset)
        given: set[str] = set()
        for name, text in pairs:
            if (member := self.members.get(name)) is None:
                errors.append(unknown(name))
            elif name in given:
                errors.append(FieldError(f"/{escaped(name)}", "repeated", "is given twice"))
            else:
                try:
                    values[member.field] = member.from_text(text)
                except Invalid as error:
                    errors.extend(below(name, error))
            given.add(name)
        return self._make(values, errors, given)

    def _make(
        self, values: dict[str, Any], errors: list[FieldError], given: Collection[str]
    ) -> Any:
        """The instance, if nothing is wrong and nothing required is missing."""
        for name, field in self._required:
            if field not in values and name not in given:
                errors.append(FieldError(f"/{name}", "required", "is missing"))
        if errors:
            raise Invalid(tuple(errors[:FIELD_ERRORS_MAX]))
        made = self.cls(**values)
        if self._faults is not None and (faults := tuple(self._faults(made))):
            raise Invalid(faults)
        return made


def list_reader(read: Reader, bound: Items) -> Reader:
    """Read a list of one kind of item as a tuple."""
    at_least, at_most = bound.min, bound.max

    def read_list(value: object) -> tuple[Any, ...]:
        if type(value) is not list:
            refuse("wrong_type", f"must be a list, is {kind_of(value)}")
        _check_count(len(value), at_least, at_most)
        made: list[Any] = []
        errors: list[FieldError] = []
        for index, item in enumerate(value):
            try:
                made.append(read(item))
            except Invalid as error:
                errors.extend(below(index, error))
        if errors:
            raise Invalid(tuple(errors[:FIELD_ERRORS_MAX]))
        return tuple(made)

    return read_list


def map_reader(read_key: Reader, read: Reader, bound: Items) -> Reader:
    """Read a map whose members all have one kind of value."""
    at_least, at_most = bound.min, bound.max

    def read_map(value: object) -> dict[Any, Any]:
        if type(value) is not dict:
            refuse("wrong_type", f"must be an object, is {kind_of(value)}")
        _check_count(len(value), at_least, at_most)
        made: dict[Any, Any] = {}
        errors: list[FieldError] = []
        for name, item in value.items():
            try:
                made[read_key(name)] = read(item)
            except Invalid as error:
                errors.extend(below(str(name), error))
        if errors:
            raise Invalid(tuple(errors[:FIELD_ERRORS_MAX]))
        return made

    return read_map


def optional_reader(read: Reader) -> Reader:
    """Read null as None, and anything else as `read` does."""

    def read_optional(value: object) -> Any:
        return None if value is None else read(value)

    return read_optional


def first_reader(readers: tuple[Reader, ...]) -> Reader:
    """Read what the first of several readers takes; the last one's error stands for all."""

    def read_first(value: object) -> Any:
        for read in readers[:-1]:
            try:
                return read(value)
            except Invalid:
                continue
        return readers[-1](value)

    return read_first


def unknown(name: object) -> FieldError:
    """The error for a member that no field takes."""
    return FieldError(f"/{escaped(str(name))}", "unknown_field", "is not known here")


def _check_count(count: int, at_least: int, at_most: int) -> None:
    if count > at_most:
        refuse("too_many", f"has {count} items; at most {at_most} are allowed")
    if count < at_least:
        refuse("too_few", f"has {count} items; at least {at_least} are needed")


def _part(member: Member, value: object) -> tuple[Any, list[str]]:
    """What fits of a member that doesn't fit as a whole; None if nothing of it can be used."""
    if member.nested is not None and type(value) is dict:
        try:
            return member.nested.read_lenient(value)
        except Invalid:
            pass
    return None, [""]
