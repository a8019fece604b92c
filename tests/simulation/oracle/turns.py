"""Rule 17: an actor takes its messages in order, over all lives of the node.

What is sent to an actor comes to it in the order of the journal, and is written to be handled in
that order; emergencies alone overtake. It is read once: each look goes on where the last one ended.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import attrs

from protocol.addresses import OUTSIDE, Address
from tests.simulation.clients import entry_of
from tests.simulation.disks import KeepingDisk
from tests.simulation.night import Night


@attrs.define(eq=False)
class Turns:
    """Messages that are on their way, and how far each actor has come with its own."""

    read: int = 0
    count: int = 0
    sent: dict[UUID, tuple[Address, int]] = attrs.field(factory=dict)
    taken: dict[Address, int] = attrs.field(factory=dict)

    def go_on(self, history: list[bytes]) -> None:
        """Read what was written since the last time."""
        for data in history[self.read :]:
            entry = entry_of(data)
            if entry.cause is not None and (known := self.sent.pop(entry.cause, None)):
                target, number = known
                assert number > self.taken.get(target, 0), (
                    f"{target} took a message before one that was sent earlier: {entry}"
                )
                self.taken[target] = number
            for message in entry.sends:
                self.count += 1
                urgent = message.urgent or message.command.emergency
                if message.target != OUTSIDE and not urgent:
                    self.sent[message.id] = (message.target, self.count)
        self.read = len(history)


_TURNS: Final[WeakKeyDictionary[Night, Turns]] = WeakKeyDictionary()


def assert_messages_are_taken_in_order(night: Night) -> None:
    """To be asked when all is written down."""
    disk = night.world.disk
    assert isinstance(disk, KeepingDisk)
    _TURNS.setdefault(night, Turns()).go_on(disk.known())
