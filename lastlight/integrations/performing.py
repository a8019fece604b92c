"""Who performs which effect, and on what terms: tables from the class of a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import attrs

from actors.runtime.effect_terms import USUAL_TERMS, EffectTerms
from actors.runtime.outcome import Send
from protocol.commands import Command
from protocol.messages import Message

Perform: TypeAlias = Callable[[Message], Awaitable[Sequence[Send]]]
"""Does an effect, and returns what actors are to be told; see `actors.runtime.ports.Performs`."""
GivenUp: TypeAlias = Callable[[Message, str], Sequence[Send]]
"""What actors are to be told of an effect that will not be done, and why."""


@attrs.frozen(eq=False)
class Performing:
    """Effects by their commands; `otherwise` does what no other does.

    `on_terms` and `when_given_up` need not name every command: most have the usual terms, and
    most that are given up are nobody's business but the operator's.
    """

    performers: Mapping[type[Command], Perform]
    otherwise: Perform
    on_terms: Mapping[type[Command], EffectTerms] = attrs.field(factory=dict)
    when_given_up: Mapping[type[Command], GivenUp] = attrs.field(factory=dict)

    async def perform(self, message: Message) -> Sequence[Send]:
        """Have it done."""
        return await self.performers.get(type(message.command), self.otherwise)(message)

    def terms(self, message: Message) -> EffectTerms:
        """How it is tried."""
        return self.on_terms.get(type(message.command), USUAL_TERMS)

    def given_up(self, message: Message, reason: str) -> Sequence[Send]:
        """What is told of it when it will not be done."""
        told = self.when_given_up.get(type(message.command))
        return () if told is None else told(message, reason)
