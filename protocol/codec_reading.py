"""Which reader a declared type has. cattrs finds the hook for a type and keeps it; hooks are ours.

Every type that a field of a command, reply or event may have is known here; another one fails when
its class is first read, which a test does for all of them.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin
from uuid import UUID

import attrs
import cattrs

from protocol.bounds import INTEGER, ITEMS, NUMBER, PREPARED, TEXT, bound_of
from protocol.codec_objects import (
    Member,
    ObjectReader,
    first_reader,
    json_name,
    list_reader,
    map_reader,
    optional_reader,
)
from protocol.codec_scalars import (
    Reader,
    choice_reader,
    enum_reader,
    integer_reader,
    number_from,
    number_reader,
    read_bool,
    read_date,
    read_datetime,
    read_json,
    read_uuid,
    text_reader,
)

_READERS: Final[dict[type[Any], ObjectReader]] = {}


def reader_of(cls: type[Any]) -> ObjectReader:
    """The reader of an attrs class, made once."""
    reader = _READERS.get(cls)
    if reader is None:
        reader = _READERS[cls] = _read_class(cls)
    return reader


def _read_class(cls: type[Any]) -> ObjectReader:
    attrs.resolve_types(cls)
    members = {}
    for field in attrs.fields(cls):
        if PREPARED in bare(field.type)[1]:
            continue
        read = _reader(field.type)
        kind = _reader(bare(field.type)[0])
        members[json_name(field.name)] = Member(
            field=field.name,
            type=field.type,
            read=read,
            from_text=_text_reader(field.type),
            required=field.default is attrs.NOTHING,
            nested=kind if isinstance(kind, ObjectReader) else None,
        )
    return ObjectReader(cls, members)


def bare(declared: Any) -> tuple[Any, tuple[object, ...], bool]:
    """A declared type without null and annotations; the annotations; whether null is allowed.

    `Annotated[str, text(max=5)] | None` is `(str, (text(max=5),), True)`.
    """
    nullable = False
    if get_origin(declared) in (Union, types.UnionType):
        options = [option for option in get_args(declared) if option is not types.NoneType]
        nullable = len(options) < len(get_args(declared))
        if len(options) > 1:
            return declared, (), nullable
        declared = options[0]
    if get_origin(declared) is Annotated:
        inner, *metadata = get_args(declared)
        kind, more, inner_nullable = bare(inner)
        return kind, (*metadata, *more), nullable or inner_nullable
    return declared, (), nullable


def _reader(declared: Any) -> Reader:
    if isinstance(declared, type) and issubclass(declared, enum.Enum):
        # cattrs would take a StrEnum for a str; only a hook of its very class comes before that.
        _converter.register_structure_hook(declared, _structure_hook(declared))
    hook = _converter.get_structure_hook(declared)
    if (reader := getattr(hook, "reader", None)) is None:
        # One of cattrs' own, which would coerce.
        raise _unreadable(declared)
    return cast("Reader", reader)


def _build(declared: Any) -> Reader:
    """The reader of any type that a field may have."""
    kind, metadata, nullable = bare(declared)
    if get_origin(kind) in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not types.NoneType]
        read = first_reader(tuple(_reader(option) for option in options))
    else:
        read = _build_plain(kind, metadata)
    return optional_reader(read) if nullable else read


def _build_plain(kind: Any, metadata: tuple[object, ...]) -> Reader:
    if (build := _SCALARS.get(kind)) is not None:
        read: Reader = build(metadata)
        return read
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return enum_reader(kind)
    if attrs.has(kind):
        return reader_of(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return choice_reader({word: word for word in arguments})
    if origin is tuple and arguments[1:] == (...,):
        return list_reader(_reader(arguments[0]), bound_of(metadata, ITEMS))
    if origin is not None and issubclass(origin, Mapping):
        read_key, read_value = (_reader(argument) for argument in arguments)
        return map_reader(read_key, read_value, bound_of(metadata, ITEMS))
    raise _unreadable(kind)


def _unreadable(kind: Any) -> TypeError:
    return TypeError(f"{kind} can't be read from JSON; give the field a type that can")


_SCALARS: Final[Mapping[Any, Any]] = {
    str: lambda metadata: text_reader(bound_of(metadata, TEXT)),
    int: lambda metadata: integer_reader(bound_of(metadata, INTEGER)),
    float: lambda metadata: number_reader(bound_of(metadata, NUMBER)),
    bool: lambda _: read_bool,
    datetime: lambda _: read_datetime,
    date: lambda _: read_date,
    UUID: lambda _: read_uuid,
    Any: lambda _: read_json,
}
_WORDS: Final = {"true": True, "false": False}


def _text_reader(declared: Any) -> Reader:
    read = _reader(declared)
    kind = bare(declared)[0]
    if kind in (int, float):
        return lambda value: read(number_from(cast("str", value)))
    if kind is bool:
        return lambda value: read(_WORDS.get(cast("str", value), value))
    return read


def _structure_hook(declared: Any) -> Any:
    """A reader as cattrs wants hooks: with the type behind the value."""
    reader = _build(declared)

    def hook(value: object, _: Any) -> Any:
        return reader(value)

    hook.reader = reader  # type: ignore[attr-defined]
    return hook


def _new_converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    # cattrs has hooks of its own for the scalars, which come before any factory.
    for scalar in _SCALARS:
        converter.register_structure_hook(scalar, _structure_hook(scalar))
    converter.register_structure_hook_factory(lambda _: True, _structure_hook)
    return converter


_converter: Final = _new_converter()
