"""What the toys are told."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from protocol.commands import Command, command
from protocol.errors import Code
from protocol.replies.base import reply


@command
class Add(Command):
    """Count one more."""

    loud: bool = False
    room: str = "purse"


@command
class Look(Command):
    """Tell the count."""


@command
class Peek(Command):
    """Tell the count that another purse shares."""

    purse: UUID


@command
class Refuse(Command):
    """Say no."""

    code: Code = Code.INSUFFICIENT_CREDITS


@command
class Break(Command):
    """Raise, as a bug would."""


@command
class Swell(Command):
    """Count one more, and say much of it."""

    chars: int
    """Characters of what is written and told."""
    text: str = ""


@command
class Shout(Command):
    """Count one more, at once and for all to hear."""

    emergency: ClassVar[bool] = True


@command
class Wait(Command):
    """Count one more later, or shout then."""

    seconds: int
    name: str = "later"
    shouting: bool = False


@command
class StopWaiting(Command):
    """Forget a timer."""

    name: str = "later"


@command
class Pay(Command):
    """Saga: purse → vault → purse."""

    vault: UUID
    ends: str = "well"


@command
class TakeIn(Command):
    """Purse → vault."""

    ends: str
    purse: UUID


@command
class Paid(Command):
    """Vault → purse."""

    ends: str


@command
class GiveBack(Command):
    """Undo at the purse."""


@command
class TakeOut(Command):
    """Undo at the vault."""

    purse: UUID


@command
class Loop(Command):
    """Send oneself another, without end."""


@command
class GoOut(Command):
    """Do something outside."""


@command
class FindOut(Command):
    """Answer what is told outside."""


@reply
class Count:
    """How many."""

    count: int
    version: int
