"""The same value with other fields: `attrs.evolve`, prepared once for each class.

Decisions change values and never mutate them, so this is the function that they call most. That of
attrs looks its class up field by field at each call, which was a fifteenth of a purchase's CPU.
"""

from __future__ import annotations

from collections.abc import Callable
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
    fields = [field for field in attrs.fields(cls) if field.init]
    kept = ", ".join(f"{field.alias!r}: value.{field.name}" for field in fields)
    source = f"def evolver(value, changes):\n    return cls(**{{{kept}, **changes}})\n"
    made: dict[str, Any] = {"cls": cls}
    exec(compile(source, f"<evolve {cls.__qualname__}>", "exec"), made)  # noqa: S102 - our own
    return cast("Callable[[Any, dict[str, Any]], Any]", made["evolver"])
