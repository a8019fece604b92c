"""Whose caller has waited as long as it said? One task watches for all who ask.

A scope of trio for each question cost as much as some hundred calls, and hardly any question ends
by it.
"""

from __future__ import annotations

import math

import trio

from actors.runtime.answers import ActorUnavailable, OutcomeUnknown
from actors.runtime.mailbox import Envelope


class Deadlines:
    """The commands of a node that somebody waits for, by how long."""

    def __init__(self) -> None:
        # Those who wait equally long stand in the order of their deadlines. Such lengths are few.
        self._lines: dict[float, dict[Envelope, float]] = {}
        self._next = math.inf
        self._sooner = trio.Event()

    def watch(self, envelope: Envelope, wait_s: float, deadline: float) -> None:
        """From now on for `wait_s` seconds, until `deadline` on trio's clock, somebody waits."""
        line = self._lines.get(wait_s)
        if line is None:
            line = self._lines[wait_s] = {}
        line[envelope] = deadline
        if deadline < self._next:
            self._next = deadline
            self._sooner.set()

    def let_go(self, envelope: Envelope, wait_s: float) -> None:
        """Nobody waits any more."""
        line = self._lines.get(wait_s)
        if line is not None:
            line.pop(envelope, None)
            if not line:
                del self._lines[wait_s]

    async def run(self) -> None:
        """Tell each caller at its deadline what is known."""
        while True:
            self._next = min((_first(line) for line in self._lines.values()), default=math.inf)
            self._sooner = trio.Event()
            with trio.move_on_at(self._next):
                await self._sooner.wait()
            now = trio.current_time()
            for wait_s, line in tuple(self._lines.items()):
                while line and _first(line) <= now:
                    envelope = next(iter(line))
                    self.let_go(envelope, wait_s)
                    _tell(envelope, wait_s)


def _first(line: dict[Envelope, float]) -> float:
    return next(iter(line.values()))


def _tell(envelope: Envelope, wait_s: float) -> None:
    address, reply = envelope.message.target, envelope.reply
    assert reply is not None
    if reply.given:
        return
    if envelope.begun:
        reply.give(OutcomeUnknown(address))
        return
    envelope.withdrawn = True
    reply.give(ActorUnavailable(address, f"did not come to this within {wait_s:g} s"))
