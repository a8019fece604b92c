"""JSON Schemas (draft 2020-12, as OpenAPI 3.1 wants) of the classes of the protocol.

They are made from the same types and bounds that the decoder reads, so they promise what it takes.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

import attrs

from protocol.bounds import INTEGER, ITEMS, NUMBER, TEXT, Bound, Integer, Number, bound_of
from protocol.codec import bare, encode, reader_of
from protocol.codec_scalars import choices_of

Schema = dict[str, Any]


class Schemas:
    """The schemas used so far, by class name; each class stands once and is referred to."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Any]] = {}
        self._schemas: dict[str, Schema] = {}

    def components(self) -> dict[str, Schema]:
        """All of them, in order of name."""
        return dict(sorted(self._schemas.items()))

    def add(self, name: str, schema: Schema) -> Schema:
        """Put in a schema made by hand; returns a reference to it."""
        assert name not in self._schemas, f"two schemas are named {name}"
        self._schemas[name] = schema
        return _reference(name)

    def of(self, declared: Any) -> Schema:
        """The schema of a declared type."""
        kind, metadata, nullable = bare(declared)
        if get_origin(kind) in (Union, types.UnionType):
            options = [option for option in get_args(kind) if option is not types.NoneType]
            schema: Schema = {"anyOf": [self.of(option) for option in options]}
        else:
            schema = self._plain(kind, metadata)
        return _with_null(schema) if nullable else schema

    def of_class(self, cls: type[Any], without: tuple[str, ...] = ()) -> Schema:
        """The schema of an object, in place; `without` names members that stand elsewhere."""
        defaults = {field.name: field.default for field in attrs.fields(cls)}
        properties: dict[str, Schema] = {}
        required = []
        for name, member in reader_of(cls).members.items():
            if name in without:
                continue
            properties[name] = self.of(member.type)
            if member.required:
                required.append(name)
            elif (default := defaults[member.field]) is not None and _is_value(default):
                properties[name] = {**properties[name], "default": encode(default)}
        schema: Schema = {"type": "object", "properties": properties}
        if cls.__doc__:
            # What follows the first paragraph is for those who read the code.
            schema["description"] = " ".join(cls.__doc__.partition("\n\n")[0].split())
        if required:
            schema["required"] = required
        schema["additionalProperties"] = False
        return schema

    def _plain(self, kind: Any, metadata: tuple[object, ...]) -> Schema:
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if kind is str:
            return _text(metadata)
        if kind is int:
            return {"type": "integer", **_range(bound_of(metadata, INTEGER))}
        if kind is float:
            return {"type": "number", **_range(bound_of(metadata, NUMBER))}
        if get_origin(kind) is Literal:
            return {"type": "string", "enum": list(get_args(kind))}
        if isinstance(kind, type) and (attrs.has(kind) or issubclass(kind, enum.Enum)):
            return self._named(kind)
        arguments = get_args(kind)
        bound = bound_of(metadata, ITEMS)
        if get_origin(kind) is tuple:
            counts = {"minItems": bound.min, "maxItems": bound.max}
            return {"type": "array", "items": self.of(arguments[0]), **counts}
        assert issubclass(get_origin(kind), Mapping), f"no schema for {kind}"
        schema: Schema = {"type": "object", "additionalProperties": self.of(arguments[1])}
        if arguments[0] is not str:
            schema["propertyNames"] = self.of(arguments[0])
        return {**schema, "minProperties": bound.min, "maxProperties": bound.max}

    def _named(self, cls: type[Any]) -> Schema:
        name = cls.__name__
        known = self._classes.setdefault(name, cls)
        assert known is cls, f"two classes are named {name}: {known}, {cls}"
        if name not in self._schemas:
            if issubclass(cls, enum.Enum):
                self._schemas[name] = {"type": "string", "enum": list(choices_of(cls))}
            else:
                self._schemas[name] = {}
                self._schemas[name] = self.of_class(cls)
        return _reference(name)


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _with_null(schema: Schema) -> Schema:
    if "type" in schema and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    if not schema:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def _is_value(default: object) -> bool:
    return default is not attrs.NOTHING and not isinstance(default, attrs.Factory)  # type: ignore[arg-type]


def _text(metadata: tuple[object, ...]) -> Schema:
    bound = bound_of(metadata, TEXT)
    schema: Schema = {"type": "string", "minLength": bound.min, "maxLength": bound.max}
    if bound.pattern is not None:
        # JSON Schema searches; ours must match the whole.
        schema["pattern"] = f"^(?:{bound.pattern.pattern})$"
    if bound.secret:
        schema["format"] = "password"
    return schema


def _range(bound: Bound) -> Schema:
    assert isinstance(bound, Integer | Number)
    limits: Schema = {"minimum": bound.min, "maximum": bound.max}
    return {"format": "int64", **limits} if isinstance(bound, Integer) else limits


_PLAIN: Final[Mapping[Any, Schema]] = {
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    UUID: {"type": "string", "format": "uuid"},
    Any: {},
}
