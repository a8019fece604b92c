"""Faults planted on purpose, one line each, by name: the simulator has to find every one.

A mutation wraps one attribute of the production code, here and nowhere else; nothing in the code
knows of it. Its function says what goes wrong, and which part of the oracle is there for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, TypeAlias

import attrs

from tests.replacing import replaced

Make: TypeAlias = Callable[[Any], Any]
SLIPS: Final = (TypeError, AttributeError, NameError)
"""What is raised where something is planted badly, and by no code that is only wrong."""
MET: Final[Counter[str]] = Counter()
"""Of what is planted in this process: how often it was `reached`, and how often it slipped."""


def reached(differs: bool = True) -> None:
    """Count that something planted makes a difference now, if it does."""
    MET["reached"] += differs


@attrs.frozen(kw_only=True)
class Mutation:
    """What is changed: `attribute` of `place` becomes what `make` makes of it."""

    place: Any
    attribute: str
    make: Make
    tells: bool
    """Whether it calls `reached` itself; else each call of it counts."""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The change, while a block runs."""
        made = self.make(getattr(self.place, self.attribute))
        with replaced(self.place, self.attribute, _watched(made, tells=self.tells)):
            yield


def _watched(made: Any, *, tells: bool) -> Any:
    """The same, with its calls and its slips counted."""

    @wraps(made)
    def called(*given: Any, **named: Any) -> Any:
        MET["reached"] += not tells
        with _slips_counted():
            return made(*given, **named)

    @wraps(made)
    async def awaited(*given: Any, **named: Any) -> Any:
        MET["reached"] += not tells
        with _slips_counted():
            return await made(*given, **named)

    return awaited if iscoroutinefunction(made) else called


@contextmanager
def _slips_counted() -> Iterator[None]:
    try:
        yield
    except SLIPS:
        MET["slipped"] += 1
        raise


MUTATIONS: Final[dict[str, Mutation]] = {}


def mutation(place: Any, attribute: str, *, tells: bool = False) -> Callable[[Make], Make]:
    """Put a planted fault into the table, under its function's name.

    One that `tells` calls `reached` where it makes a difference.
    """

    def put(make: Make) -> Make:
        name = make.__name__.replace("_", " ")
        assert hasattr(place, attribute), f"{place} has no {attribute}: {name} plants nothing"
        assert name not in MUTATIONS, f"{name} is in the table already"
        MUTATIONS[name] = Mutation(place=place, attribute=attribute, make=make, tells=tells)
        return make

    return put
