"""The same value with other fields: `attrs.evolve`, prepared once for each class.

Decisions change values and never mutate them, so this is the function that they call most. That of
attrs looks its class up field by field at each call, which was a fifteenth of a purchase's CPU.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

import attrs

T = TypeVar("T")

_EVOLVERS: Final[dict[type[Any], Callable[[Any, dict[str, Any]], Any]]] = {}


def evolve(value: T, /, **changes: Any) -> T:
    """`value` with other fields, checked as a new one is.

    Raises:
        TypeError: its class has no such field.
    """
    cls = type(value)
    evolver = _EVOLVERS.get(cls)
    if evolver is None:
        evolver = _EVOLVERS[cls] = _evolver_of(cls)
    evolved: T = evolver(value, changes)
    return evolved


def _evolver_of(cls: type[Any]) -> Callable[[Any, dict[str, Any]], Any]:
    """A function that makes a `cls` of another one and of what is to be different.

    Written out and compiled, as attrs does for `__init__`: a field is read by an instruction, not
    by a call.
    """
    if _is_its_fields(cls):
        return _copier_of(cls)
    fields = [field for field in attrs.fields(cls) if field.init]
    kept = ", ".join(f"{field.alias!r}: value.{field.name}" for field in fields)
    return _compiled(cls, f"    return cls(**{{{kept}, **changes}})\n", {})


def _copier_of(cls: type[Any]) -> Callable[[Any, dict[str, Any]], Any]:
    """The same for a class whose `__init__` does nothing but fill slots: half its time was that of
    giving it what it need not be asked for."""
    slots = {field.name: getattr(cls, field.name).__set__ for field in attrs.fields(cls)}
    lines = [f"    set_{name}(made, value.{name})\n" for name in slots]
    source = "    made = new(cls)\n" + "".join(lines) + "    put(made, changes)\n    return made\n"

    def put(made: Any, changes: dict[str, Any]) -> None:
        for name, part in changes.items():
            fill = slots.get(name)
            if fill is None:
                raise TypeError(f"{cls.__name__} has no field {name!r}")
            fill(made, part)

    given = {f"set_{name}": fill for name, fill in slots.items()}
    return _compiled(cls, source, {"new": object.__new__, "put": put, **given})


def _is_its_fields(cls: type[Any]) -> bool:
    """Whether a value is its fields in slots, and making one neither checks nor derives any."""
    if hasattr(cls, "__attrs_post_init__") or hasattr(cls, "__attrs_pre_init__"):
        return False
    return all(
        field.init
        and field.alias == field.name
        and field.validator is None
        and field.converter is None
        and inspect.ismemberdescriptor(getattr(cls, field.name, None))
        for field in attrs.fields(cls)
    )


def _compiled(
    cls: type[Any], body: str, given: Mapping[str, Any]
) -> Callable[[Any, dict[str, Any]], Any]:
    made: dict[str, Any] = {"cls": cls, **given}
    source = f"def evolver(value, changes):\n{body}"
    exec(compile(source, f"<evolve {cls.__qualname__}>", "exec"), made)  # noqa: S102 - our own
    return cast("Callable[[Any, dict[str, Any]], Any]", made["evolver"])
