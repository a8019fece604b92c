"""Faults planted on purpose, one line each, by name: the simulator has to find every one.

A mutation wraps one attribute of the production code, here and nowhere else; nothing in the code
knows of it. Its function says what goes wrong, and which part of the oracle is there for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias
from unittest.mock import patch

import attrs

Make: TypeAlias = Callable[[Any], Any]


@attrs.frozen(kw_only=True)
class Mutation:
    """What is changed: `attribute` of `place` becomes what `make` makes of it."""

    place: Any
    attribute: str
    make: Make

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The change, while a block runs."""
        made = self.make(getattr(self.place, self.attribute))
        with patch.object(self.place, self.attribute, new=made):
            yield


MUTATIONS: Final[dict[str, Mutation]] = {}


def mutation(place: Any, attribute: str) -> Callable[[Make], Make]:
    """Put a planted fault into the table, under its function's name."""

    def put(make: Make) -> Make:
        name = make.__name__.replace("_", " ")
        assert hasattr(place, attribute), f"{place} has no {attribute}: {name} plants nothing"
        assert name not in MUTATIONS, f"{name} is in the table already"
        MUTATIONS[name] = Mutation(place=place, attribute=attribute, make=make)
        return make

    return put
