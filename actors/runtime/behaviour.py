"""How one kind of actor behaves: its state, what it loads, and a decision per command.

A kind is declared once, as a value; adding a command to it is one decorated function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar

import attrs

from actors.runtime.outcome import Context, Decision
from actors.runtime.state import State
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.commands import Command
from protocol.reads import Read

Decide = Callable[[Any, Any, Context], Decision]
F = TypeVar("F", bound=Callable[..., Decision])

_DECIDES = "__decides__"


def decides(*commands: type[Command]) -> Callable[[F], F]:
    """Mark a function as the decision of these commands at the actors that use its module."""

    def mark(function: F) -> F:
        setattr(function, _DECIDES, commands)
        return function

    return mark


def decisions_of(modules: Iterable[ModuleType]) -> Mapping[type[Command], Decide]:
    """Collect what `decides` marked in these modules.

    Raises:
        ValueError: two functions decide the same command.
    """
    found: dict[type[Command], Decide] = {}
    for module in modules:
        for value in vars(module).values():
            if getattr(value, "__module__", None) != module.__name__:
                continue
            for command in getattr(value, _DECIDES, ()):
                if command in found:
                    raise ValueError(f"{command.__name__} is decided twice, last in {module}")
                found[command] = value
    return found


@attrs.frozen(kw_only=True)
class Behaviour:
    """One kind of actor.

    `reads` names the rows to load; an actor's idempotency keys and timers come by themselves.
    `rooms` names the rooms whose numbering is loaded with it. What `share` returns after each
    change can be seen by all decisions of the node (`Context.shared`). `masked` tells an operator
    about the state without personal data. `watched_by` names who tells people that an actor had to
    be loaded anew.
    """

    kind: ActorKind
    state: Callable[..., State]
    decisions: Mapping[type[Command], Decide]
    reads: tuple[Read, ...]
    resident: bool = False
    """Loaded at start and never retired."""
    founded_by: tuple[type[Command], ...] = ()
    """Commands that may be decided where loading found nothing: they bring the actor to life."""
    rooms: Callable[[Any], tuple[str, ...]] = lambda _state: ()
    share: Callable[[Any], object] = lambda _state: None
    masked: Callable[[Any], Mapping[str, object]] = lambda _state: {}
    watched_by: Callable[[Any], Address] = lambda _state: PLATFORM
