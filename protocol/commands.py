"""What actors are told: the base of all commands and the register that finds one by its name.

Commands of the contract stand beside their rows in `protocol.operations`; those that actors send
one another stand in `protocol.internal`. All of them are values: frozen, and made of other values.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Self, TypeVar, dataclass_transform

import attrs

from protocol.evolving import evolve


class Command:
    """Base of everything that can be put into a mailbox.

    `emergency` commands use the reserved room of a mailbox and overtake the others.
    """

    __slots__ = ()
    emergency: ClassVar[bool] = False

    def evolve(self, **changes: Any) -> Self:
        """The same command with other values."""
        return evolve(self, **changes)


COMMANDS: Final[dict[str, type[Command]]] = {}
"""Every command class by its name."""

C = TypeVar("C", bound=type[Command])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def part(cls: C) -> C:
    """Make a class what several commands have in common: as `command`, but none by itself."""
    return attrs.frozen(kw_only=True, slots=True)(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def command(cls: C) -> C:
    """Make a class a command: frozen, slotted, keyword-only, and found by its name.

    Raises:
        ValueError: another command has the same name.
    """
    made = part(cls)
    if made.__name__ in COMMANDS:
        raise ValueError(f"two commands are named {made.__name__}")
    COMMANDS[made.__name__] = made
    return made
