"""How a request becomes a command: path, query and body together fill the command's fields.

What the path names can't be said again in the body. A GET has no body, everything else no query.
If-Match and Idempotency-Key are about the request and are no fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs

from protocol.codec import Invalid, Malformed, parse_json, reader_of
from protocol.codec_objects import ObjectReader, unknown
from protocol.commands import Command
from protocol.errors import Code, LastLightError
from protocol.limits import FIELD_ERRORS_MAX
from protocol.operations.base import Operation


@attrs.frozen
class Taken:
    """A command, and pointers to what was left out because it did not fit (lenient ones only)."""

    command: Command
    dropped: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class NoSuchPath(LastLightError):
    """A value in the path can't be an id, so there is nothing at that path."""

    code: ClassVar[Code] = Code.NOT_FOUND
    name: str

    def __str__(self) -> str:
        return f"nothing is here: {self.name} in the path is no id"


def read_request(
    operation: Operation,
    path_values: Mapping[str, str],
    query: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> Taken:
    """The command that an HTTP request asks for. An empty body is an empty object.

    Raises:
        Malformed: the body is no JSON (400).
        Invalid: fields or parameters don't fit (422); all of them are listed.
        NoSuchPath: a value in the path is no id (404).
    """
    reader = _rest_reader(operation)
    preset = _read_path(operation, path_values) if path_values else {}
    if not operation.changes:
        return Taken(reader.read_texts(query, preset))
    if query and not operation.lenient:
        raise Invalid(tuple(unknown(name) for name, _ in query[:FIELD_ERRORS_MAX]))
    try:
        data = parse_json(body) if body else {}
    except Malformed:
        if not operation.lenient:
            raise
        data = None
    return _read(operation, reader, data, preset)


def read_message(operation: Operation, data: object) -> Taken:
    """The command that a WebSocket message asks for: all its fields stand in `data`.

    Raises:
        Invalid: fields don't fit.
    """
    return _read(operation, reader_of(operation.command), data, {})


def _read(
    operation: Operation, reader: ObjectReader, data: object, preset: Mapping[str, Any]
) -> Taken:
    if operation.lenient:
        command, dropped = reader.read_lenient(data, preset)
        return Taken(command, tuple(dropped))
    return Taken(reader(data, preset))


_REST_READERS: Final[dict[str, ObjectReader]] = {}


def _rest_reader(operation: Operation) -> ObjectReader:
    """The reader of what the path does not say, made once."""
    reader = _REST_READERS.get(operation.name)
    if reader is None:
        members = reader_of(operation.command).members
        rest = {name: members[name] for name in members if name not in operation.parameters}
        reader = _REST_READERS[operation.name] = ObjectReader(operation.command, rest)
    return reader


def _read_path(operation: Operation, given: Mapping[str, str]) -> dict[str, Any]:
    members = reader_of(operation.command).members
    values = {}
    for name, text in given.items():
        try:
            values[members[name].field] = members[name].from_text(text)
        except Invalid:
            raise NoSuchPath(name) from None
    return values
