"""Frozen values, made as quickly as open ones.

A frozen class of attrs fills its fields by a call each, and hundreds are filled for a purchase.
`quick` gives such a class an `__init__` that fills them as instructions do, while
the value is for a moment of a class that lets it; then it is as frozen as before.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs

C = TypeVar("C", bound=type[Any])

_OPEN: Final[dict[type[Any], type[Any]]] = {}
_set_class: Final[Callable[[Any, type[Any]], None]] = object.__dict__["__class__"].__set__


def quick(cls: C) -> C:
    """Let values of a frozen, slotted class of attrs be made quickly; others stay as they are."""
    if is_its_fields(cls):
        setattr(cls, "__init__", _filler_of(cls))  # noqa: B010 - mypy knows no other way
    return cls


def open_class_of(cls: type[Any]) -> type[Any]:
    """The class that values of a frozen one are of while they are filled: of the same layout."""
    if cls not in _OPEN:
        open_to_all = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
        _OPEN[cls] = type(cls.__name__, (cls,), {"__slots__": (), **open_to_all})
    return _OPEN[cls]


def is_its_fields(cls: type[Any]) -> bool:
    """Whether a value is its fields in slots, and making one neither checks nor derives any."""
    if hasattr(cls, "__attrs_post_init__") or hasattr(cls, "__attrs_pre_init__"):
        return False
    return all(
        field.init
        and field.alias == field.name
        and field.validator is None
        and field.converter is None
        and not (isinstance(field.default, attrs.Factory) and field.default.takes_self)  # type: ignore[arg-type]
        and inspect.ismemberdescriptor(getattr(cls, field.name, None))
        for field in attrs.fields(cls)
    )


def _filler_of(cls: type[Any]) -> Callable[..., None]:
    """The `__init__`: written out and compiled, as that of attrs is, and with its signature."""
    given: dict[str, Any] = {
        "_set": _set_class,
        "_opened": open_class_of(cls),
        "_closed": cls,
        "_none": object(),
    }
    parameters: list[str] = ["self"]
    named: list[str] = []
    lines: list[str] = []
    for field in attrs.fields(cls):
        name, default = field.name, field.default
        value = name
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            given[f"_make_{name}"] = default.factory
            value = f"_make_{name}() if {name} is _none else {name}"
            parameter = f"{name}=_none"
        elif default is attrs.NOTHING:
            parameter = name
        else:
            given[f"_default_{name}"] = default
            parameter = f"{name}=_default_{name}"
        (named if field.kw_only else parameters).append(parameter)
        lines.append(f"    self.{name} = {value}\n")
    arguments = ", ".join([*parameters, "*", *named] if named else parameters)
    source = (
        f"def __init__({arguments}):\n    _set(self, _opened)\n"
        + "".join(lines)
        + "    self.__class__ = _closed\n"
    )
    exec(compile(source, f"<quick {cls.__qualname__}>", "exec"), given)  # noqa: S102 - our own
    made: Callable[..., None] = given["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    made.__annotations__ = dict(cls.__init__.__annotations__)
    return made
