"""What waits for one actor.

Commands are counted against a bound, emergency ones have room of their own and go first. Sends
and timers are not counted: they follow from what was already taken, and chains are bounded.
"""

from __future__ import annotations

from collections import deque

import attrs

from actors.runtime.answers import ActorUnavailable, Reply
from protocol.addresses import Address
from protocol.limits import MAILBOX_COMMANDS_MAX, MAILBOX_EMERGENCY_MAX
from protocol.messages import KeyScope, Message


@attrs.define(eq=False, kw_only=True)
class Envelope:
    """A message in a mailbox, with what does not survive the node."""

    message: Message
    position: int
    """Of the entry it came from: what is answered to it must wait for that."""
    enqueued_at: float
    reply: Reply | None = None
    deadline: float | None = None
    """On trio's clock; binds only what is not yet begun."""
    expected_version: int | None = None
    scope: KeyScope | None = None
    """Idempotency key of a command from the gateway."""
    status: int = 200
    begun: bool = False
    withdrawn: bool = False
    """Its caller was told that nothing was done, so nothing must be."""
    waited_for: bool = True
    """Whether its caller is still there."""

    @property
    def emergency(self) -> bool:
        """Whether it overtakes the others."""
        return self.message.urgent or self.message.command.emergency


class Mailbox:
    """Two queues, emergencies first. Made when the first message comes."""

    __slots__ = ("_commands", "_emergencies", "_normal")

    def __init__(self) -> None:
        # Few actors ever get an emergency, and an empty queue is not small.
        self._emergencies: deque[Envelope] | tuple[()] = ()
        self._normal: deque[Envelope] = deque()
        self._commands = 0

    def __len__(self) -> int:
        return len(self._emergencies) + len(self._normal)

    def put(self, envelope: Envelope, address: Address) -> None:
        """Add a message.

        Raises:
            ActorUnavailable: it is a command and the bound is reached. Nothing was added.
        """
        if envelope.emergency:
            if envelope.reply is not None and len(self._emergencies) >= (
                MAILBOX_COMMANDS_MAX + MAILBOX_EMERGENCY_MAX
            ):
                raise ActorUnavailable(address, "holds as many emergencies as it promised to")
            self._urgent().append(envelope)
            return
        if envelope.reply is not None:
            if self._commands >= MAILBOX_COMMANDS_MAX:
                raise ActorUnavailable(
                    address, f"has {MAILBOX_COMMANDS_MAX} commands waiting, which is its bound"
                )
            self._commands += 1
        self._normal.append(envelope)

    def put_back(self, envelope: Envelope) -> None:
        """Return what was taken and could not be begun, in its old place."""
        if envelope.reply is not None and not envelope.emergency:
            self._commands += 1
        (self._urgent() if envelope.emergency else self._normal).appendleft(envelope)

    def take(self) -> Envelope | None:
        """The next message, or None if there is none."""
        if self._emergencies:
            return self._urgent().popleft()
        if not self._normal:
            return None
        envelope = self._normal.popleft()
        if envelope.reply is not None:
            self._commands -= 1
        return envelope

    def drain(self) -> list[Envelope]:
        """Take everything out."""
        taken = [*self._emergencies, *self._normal]
        self._emergencies = ()
        self._normal.clear()
        self._commands = 0
        return taken

    def _urgent(self) -> deque[Envelope]:
        if isinstance(self._emergencies, tuple):
            self._emergencies = deque()
        return self._emergencies

    @property
    def oldest(self) -> float | None:
        """When the message that has waited longest was added, on trio's clock."""
        heads = [queue[0].enqueued_at for queue in (self._emergencies, self._normal) if queue]
        return min(heads, default=None)
