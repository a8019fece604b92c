"""Examples for what nobody wrote one for by hand: made of the schemas, the same every time.

A member is told by its name first, so that one venue, one visit and one moment go through the whole
document; else the first thing that its schema takes. Where members depend on one another, an
example in `openapi_examples` says it better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from lastlight.openapi_examples import BY_MEMBER
from lastlight.openapi_schemas import Schema

_DEPTH_MAX: Final = 8
_MOMENT: Final = "2026-01-10T12:00:00.000Z"
_DAY: Final = "2026-01-10"
_WORDS: Final = ("lounge", "en-GB", "20:30", "JPY", "+81312345678", "A-1", "123456", "0a1b2c3d")
_AMOUNT_MINOR: Final = 1_200
_COUNT: Final = 3


class Samples:
    """Makes examples that the given schemas take."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._components = components

    def of(self, schema: Schema, *, whole: bool) -> Any:
        """An example; with `whole` it has every member, else those that are required."""
        return self._any(schema, "", whole, 0)

    def of_member(self, name: str, schema: Schema) -> Any:
        """An example of one member or parameter."""
        return self._any(schema, name, False, 0)

    def _any(self, schema: Schema, name: str, whole: bool, depth: int) -> Any:
        assert depth <= _DEPTH_MAX, f"{name} is nested in itself"
        if "$ref" in schema:
            schema = self._components[str(schema["$ref"]).rpartition("/")[2]]
        if name in BY_MEMBER and _may_be(BY_MEMBER[name], schema):
            return BY_MEMBER[name]
        if "anyOf" in schema:
            return self._any(schema["anyOf"][0], name, whole, depth)
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = kind[0]
        if kind == "array":
            return self._list(schema, name, whole, depth)
        if kind == "object":
            return self._object(schema, whole, depth)
        return _plain(kind, schema, name)

    def _list(self, schema: Schema, name: str, whole: bool, depth: int) -> list[Any]:
        # A list is named after many of what it holds.
        item = self._any(schema["items"], name.removesuffix("s"), whole, depth + 1)
        return [item] * max(1, schema["minItems"])

    def _object(self, schema: Schema, whole: bool, depth: int) -> dict[str, Any]:
        if "properties" not in schema:
            return self._map(schema, depth)
        wanted = schema["properties"] if whole else schema.get("required", ())
        return {
            name: self._any(schema["properties"][name], name, whole, depth + 1) for name in wanted
        }

    def _map(self, schema: Schema, depth: int) -> dict[str, Any]:
        inner = schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return {}
        key = self._any(schema.get("propertyNames", {"type": "string"}), "", True, depth + 1)
        return {key: self._any(inner, "", True, depth + 1)}


def id_of(name: str) -> str:
    """The id that stands for all members of a name."""
    made = bytearray(b"\x01\x93\x5d\x2a\x7c\x00\x70\x00\x80\x00" + sha256(name.encode()).digest())
    return str(UUID(bytes=bytes(made[:16])))


def _may_be(value: Any, schema: Schema) -> bool:
    """Whether a value may stand where a schema is; members of one name need not be of one kind."""
    if "anyOf" in schema:
        return any(_may_be(value, option) for option in schema["anyOf"])
    if "$ref" in schema or not schema:
        return True
    kinds = schema.get("type", ())
    if _KINDS[type(value)] not in ([kinds] if isinstance(kinds, str) else kinds):
        return False
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(value, str):
        return _fits(value, schema)
    return True


def _plain(kind: str | None, schema: Schema, name: str) -> Any:
    match kind:
        case "boolean":
            return schema.get("default", True)
        case "integer":
            usual = _AMOUNT_MINOR if name.endswith(("_minor", "_ms", "_milli")) else _COUNT
            return max(schema["minimum"], min(schema["maximum"], usual))
        case "number":
            return float(max(schema["minimum"], min(schema["maximum"], 1.5)))
        case "string":
            return _text(schema, name)
    return {}


def _text(schema: Schema, name: str) -> str:
    match schema.get("format"):
        case "date-time":
            return _MOMENT
        case "date":
            return _DAY
        case "uuid":
            return id_of(name)
    for word in (name.replace("_", " "), *_WORDS):
        if _fits(word, schema):
            return word
    fits: str = "x" * schema["minLength"]
    assert _fits(fits, schema), f"write an example of {name} by hand: {schema}"
    return fits


def _fits(word: str, schema: Schema) -> bool:
    if schema.get("format") in {"uuid", "date", "date-time"}:
        return bool(_FORMATS[schema["format"]].fullmatch(word))
    if not schema.get("minLength", 0) <= len(word) <= schema.get("maxLength", len(word)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], word, re.ASCII) is not None


_FORMATS: Final = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
}
_KINDS: Final = {
    str: "string", int: "integer", float: "number", bool: "boolean", dict: "object",
    list: "array",
}  # fmt: skip
