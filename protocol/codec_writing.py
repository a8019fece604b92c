"""How replies, events and commands become plain values that JSON can hold.

Times are RFC 3339 in UTC with exactly three decimals, ids lower-case text, roles their label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final, get_origin
from uuid import UUID

import attrs
import cattrs
from cattrs.gen import make_dict_unstructure_fn, override

from protocol.addresses import Role
from protocol.codec_objects import json_name


def write(value: object) -> Any:
    """The plain values of anything that the protocol is made of.

    Raises:
        ValueError: a time without zone, or a number that is not finite: a bug of ours.
    """
    return _converter.unstructure(value)


def _unstructure_class(cls: type[Any], converter: cattrs.Converter) -> Any:
    attrs.resolve_types(cls)
    renamed = {
        field.name: override(rename=json_name(field.name))
        for field in attrs.fields(cls)
        if field.name != json_name(field.name)
    }
    return make_dict_unstructure_fn(cls, converter, **renamed)  # type: ignore[arg-type]


def _write_datetime(value: datetime) -> str:
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; all our times are UTC")
        value = value.astimezone(UTC)
    return value.isoformat(timespec="milliseconds")[:-6] + "Z"


def _write_float(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} can't be written as JSON")
    return value


def _write_sequence(value: Sequence[Any]) -> list[Any]:
    return [_converter.unstructure(item) for item in value]


def _write_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {write(name): write(item) for name, item in value.items()}


def _is_sequence(kind: Any) -> bool:
    return _origin(kind) in (tuple, list)


def _is_mapping(kind: Any) -> bool:
    origin = _origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _origin(kind: Any) -> Any:
    return get_origin(kind) or kind


def _new_converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook_factory(attrs.has, _unstructure_class)
    converter.register_unstructure_hook_func(_is_sequence, _write_sequence)
    converter.register_unstructure_hook_func(_is_mapping, _write_mapping)
    converter.register_unstructure_hook(datetime, _write_datetime)
    converter.register_unstructure_hook(date, lambda value: value.isoformat())
    converter.register_unstructure_hook(time, lambda value: value.isoformat("minutes"))
    converter.register_unstructure_hook(UUID, str)
    # A StrEnum is a str to cattrs, which would leave it as it is; what is plain has its word alone.
    converter.register_unstructure_hook(str, str)
    converter.register_unstructure_hook(float, _write_float)
    converter.register_unstructure_hook(Role, lambda role: role.label)
    return converter


_converter: Final = _new_converter()
