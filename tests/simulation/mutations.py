"""Faults planted on purpose, one line each, by name: the simulator has to find every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import attrs

from actors.runtime.gate import Gate
from actors.runtime.keys import Keys


@attrs.frozen(kw_only=True)
class Mutation:
    """What is changed: `attribute` of `place` becomes what `make` makes of it."""

    place: Any
    attribute: str
    make: Callable[[Any], Any]

    @contextmanager
    def _planted(self) -> Iterator[None]:
        made = self.make(getattr(self.place, self.attribute))
        with patch.object(self.place, self.attribute, new=made):
            yield

    @property
    def planted(self) -> Callable[[], Any]:
        """The change, while a block runs."""
        return self._planted


MUTATIONS: Final[dict[str, Mutation]] = {}


def mutation(place: Any, attribute: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Put a planted fault into the table, under its function's name."""

    def put(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = make.__name__.replace("_", " ")
        MUTATIONS[name] = Mutation(place=place, attribute=attribute, make=make)
        return make

    return put


@mutation(Gate, "pass_out")
def reply_before_durable(_: Any) -> Any:
    """Whatever is let out leaves at once."""
    return lambda self, position, output: output()


@mutation(Keys, "verdict")
def skipped_dedupe(_: Any) -> Any:
    """Every request is new."""
    return lambda self, scope, now: None
