"""Who performs which effect: a table from the class of a command to what is done for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import attrs

from actors.runtime.outcome import Send
from protocol.commands import Command
from protocol.messages import Message

Perform: TypeAlias = Callable[[Message], Awaitable[Sequence[Send]]]
"""Does an effect, and returns what actors are to be told; see `actors.runtime.ports.Effects`."""


@attrs.frozen(eq=False)
class Performing:
    """Effects by their commands; `otherwise` does what no other does."""

    performers: Mapping[type[Command], Perform]
    otherwise: Perform

    async def perform(self, message: Message) -> Sequence[Send]:
        """Have it done."""
        return await self.performers.get(type(message.command), self.otherwise)(message)
