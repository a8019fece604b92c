"""What goes wrong at night: every fault has a name, a rate of its own, and is counted.

`FAULTS` is the register. A rate is drawn from the seed for each night and fault; most nights are
spared most of them, so that what does come is not drowned in the rest.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Container, Mapping
from random import Random
from typing import Final
from uuid import UUID

import attrs
import trio

from actors.runtime.effect_terms import EffectDelayed
from actors.runtime.mailbox import Envelope
from protocol.commands import Command
from protocol.internal.payments import AskOfPayment
from protocol.messages import Message
from protocol.records.runtime import DeadLetter
from tests.twins.journal_disk import MemoryDisk
from tests.twins.journal_faults import planted

FAULTS: Final[Mapping[str, tuple[float, ...]]] = {
    # At commits: parts of them.
    "crash before commit": (0, 0, 0, 0.01),
    "crash in commit": (0, 0, 0, 0.01),
    "crash after commit": (0, 0, 0, 0.01),
    "commit torn": (0, 0, 0, 0.02),
    "commit failed": (0, 0, 0.02, 0.08),
    "commit answer lost": (0, 0, 0.02, 0.08),
    "commit slow": (0, 0, 0.05, 0.3),
    # In the database: parts of what it is asked.
    "database slow": (0, 0, 0.05),
    "database failed": (0, 0, 0.02),
    # In the node: parts of the messages, and of the tries of effects.
    "message delayed": (0, 0, 0.02, 0.1),
    "decision raised": (0, 0, 0, 0.02),
    "timer raised": (0, 0, 0, 0.05),
    "effect failed": (0, 0, 0.1),
    "effect raised": (0, 0, 0.05),
    "effect done and failed": (0, 0, 0.1),
    "effect hangs": (0, 0, 0.05),
    # At clients: parts of the requests.
    "request dropped": (0, 0.05, 0.2),
    "client gave up": (0, 0.05, 0.3),
    "another way": (0.1, 0.3),
    # Moves: parts of a night's moves.
    "crash": (0, 0.03, 0.1),
    "crash in the middle": (0, 0.05, 0.1),
    "told to end": (0, 0, 0.05),
    "away for long": (0, 0.3, 0.6),
    "journal full": (0, 0, 0.08),
    "disk stays full": (0, 0, 0.05),
    "database away": (0, 0.04, 0.1),
    "database restored": (0, 0, 0, 0.5),
    "mailbox full": (0, 0, 0.06),
    "actors retired": (0, 0.06, 0.15),
    "provider away": (0, 0, 0.08),
    "provider hangs": (0, 0, 0.08),
    "provider answers late": (0, 0, 0.08),
    "event before answer": (0, 0, 0.08),
    "clock set forward": (0, 0.04, 0.1),
    "clock set back": (0, 0, 0.04, 0.1),
    "connection dropped": (0.05, 0.15),
    "connection dropped meanwhile": (0, 0.03, 0.08),
    "role changed": (0, 0, 0.06),
    "token lost": (0, 0, 0.06),
}
"""Each with the rates that nights choose from."""
FOLLOW: Final = (
    "command dropped",
    "flush failed",
    "flush without an answer",
    "SOS in a full journal",
    "card to be proved",
    "refund waits",
    "refund failed",
    "refund failed late",
    "webhook repeated",
    "webhook late",
    "webhook out of order",
    "token ended",
    "came back after hours",
    "clock changed by law",
)
"""What comes of others, or of time, and is counted all the same."""


def rates_of(random: Random) -> dict[str, float]:
    """How often each fault comes in a night."""
    return {name: random.choice(rates) for name, rates in FAULTS.items()}


def in_favour(seed: int) -> dict[str, float]:
    """The fault that a night is in favour of: each comes at its highest rate now and then."""
    name = tuple(FAULTS)[seed % len(FAULTS)]
    return {name: max(FAULTS[name])}


class PlantedError(Exception):
    """What no decision ever raises by itself."""


_AN_EXCEPTION: Final = re.compile(r"\w+\(")


def was_planted(letter: DeadLetter, hung: Container[UUID] = ()) -> bool:
    """Whether it died of what was done to it here; `hung` are effects that were made to hang.

    Asking how a payment is is given up soon while the provider is away: its timer asks again. That
    is told in words; a bug of its own is told as the exception that it was.
    """
    unanswered = letter.command == AskOfPayment.__name__ and not _AN_EXCEPTION.match(letter.error)
    return unanswered or letter.message_id in hung or "planted" in letter.error


@attrs.define(eq=False)
class Faults:
    """The faults that come by chance, in the middle of whatever is going on."""

    rates: Mapping[str, float]
    met: Counter[str] = attrs.field(factory=Counter)
    chance: Random = attrs.field(factory=lambda: Random(0))
    healed: bool = False
    """Whether nothing goes wrong any more."""
    crash: Callable[[], None] = lambda: None
    """Ends the life of the node at once."""
    failing: int = sqlite3.SQLITE_ERROR
    """What a commit fails of."""
    hung: set[UUID] = attrs.field(factory=set)
    """Messages whose effects were made to hang."""
    undos: set[type[Command]] = attrs.field(factory=set)
    """What has been named as the undo of something."""
    written: Callable[[], None] = lambda: None
    """Told of each commit that is on the disk."""

    def comes(self, name: str) -> bool:
        """Whether this fault comes now; it is counted if so."""
        if not self.is_tried(name):
            return False
        self.met[name] += 1
        return True

    def is_tried(self, name: str) -> bool:
        """Whether this fault is to come now; who then sees that it did counts it."""
        rate = self.rates.get(name, 0.0)
        return not self.healed and rate > 0 and self.chance.random() < rate

    # Commits

    async def before_commit(self, entry_count: int) -> None:
        """Nothing is written yet."""
        if self.comes("commit slow"):
            await trio.sleep(self.chance.choice((0.01, 0.5, 3.0)))
        if self.comes("crash before commit"):
            await self._die()
        if self.comes("commit failed"):
            raise planted(self.failing)

    async def in_commit(self, row: bytes, disk: MemoryDisk) -> None:
        """A part of it is on the disk: the node dies, or hears that there is no more room.

        Who waits for it is told nothing, or that nobody knows; it was done if all of it is there.
        """
        if self.comes("crash in commit"):
            disk.tail = row[: self.chance.choice((len(row), self.chance.randint(0, len(row))))]
            await trio.sleep(0.05)
            await self._die()
        if self.comes("commit torn"):
            disk.tail = row[: self.chance.randint(1, len(row) - 1)]
            raise planted(sqlite3.SQLITE_FULL)

    async def after_commit(self, entry_count: int) -> None:
        """All is written and nobody knows."""
        self.written()
        if self.comes("crash after commit"):
            await self._die()
        if self.comes("commit answer lost"):
            raise planted()

    async def before_reopen(self) -> None:
        """It can always be read."""

    async def _die(self) -> None:
        self.crash()
        await trio.sleep_forever()

    # Messages

    async def before_handling(self) -> None:
        """Perhaps this actor's turn comes late, and others overtake it."""
        if self.comes("message delayed"):
            await trio.sleep(self.chance.choice((0.0, 0.001, 0.2, 2.0)))

    def before_deciding(self, envelope: Envelope) -> None:
        """Perhaps the decision raises.

        Commands and steps of sagas do, emergencies among them: their callers hear of it, and what
        was done is taken back. So do undos, the news that a saga was refused and what timers say:
        the operator has those done again, late and in whatever order. Other messages are spared, as
        what they say is nobody else's to say again.
        """
        message = envelope.message
        self.undos.update(type(undo.command) for undo in message.undo)
        told = envelope.reply is not None or message.origin is not None
        undoes = type(message.command) in self.undos and message.hops > 0
        if not told and not undoes and message.timer is None:
            return
        if self.comes("decision raised" if message.timer is None else "timer raised"):
            raise PlantedError("planted by the simulator")

    async def before_performing(self, message: Message) -> None:
        """Perhaps this try of an effect comes to nothing, or to no end."""
        if self.comes("effect hangs"):
            self.hung.add(message.id)
            await trio.sleep_forever()  # Each try has its bound.
        if self.comes("effect failed"):
            raise EffectDelayed("planted by the simulator")

    def after_performing(self, message: Message) -> None:
        """Perhaps it is done and nobody hears of it: it is done again."""
        if self.comes("effect done and failed"):
            raise EffectDelayed("planted by the simulator")

    def in_performing(self, message: Message) -> None:
        """Perhaps what performs it has a bug.

        What the provider does is spared: a refund's account, say, would wait for the operator.
        """
        if self.comes("effect raised"):
            raise RuntimeError("planted by the simulator")
