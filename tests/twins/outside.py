"""The small ports in memory: clock, ids, publisher, effects, observer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import attrs
import trio

from actors.runtime.outcome import Send
from lastlight.clocks import SystemClock
from protocol.addresses import Address
from protocol.commands import Command
from protocol.entries import RoomEvent
from protocol.messages import Message
from protocol.records.base import Record

Answer = Callable[[Message], Awaitable[Sequence[Send]]]
OPENING = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@attrs.define(eq=False)
class TrioClock:
    """Server time that follows trio's clock, and so MockClock.

    `step` sets the machine's clock forward or back; a node goes on from what it, or the one before
    it, has told.
    """

    start: datetime = OPENING
    step: timedelta = timedelta()
    _told: SystemClock | None = None

    def now(self) -> datetime:
        if self._told is None:
            self._told = SystemClock(self._machine_ns, _passed_ns)
        return self._told.now()

    def _machine_ns(self) -> int:
        return (self.start + self.step - _EPOCH) // _MICROSECOND * 1000 + _passed_ns()


def _passed_ns() -> int:
    # Rounded: a sum of waits may be a hair less than the millisecond that it means.
    return round(trio.current_time() * 1000) % 10**12 * 1_000_000


@attrs.define(eq=False)
class CountingIds:
    """UUIDv7-shaped ids that count up: the same run names the same things."""

    last: int = 0

    def fresh(self) -> UUID:
        self.last += 1
        high, low = divmod(self.last, 1 << 60)
        return UUID(int=(0x019A << 112) | (high << 80) | (0x7 << 76) | (0x8 << 60) | low)


@attrs.define(eq=False)
class TimedIds:
    """UUIDv7 in order whose time is that of a clock: what reads the time of an id reads sense."""

    clock: TrioClock
    count: int = 0

    def fresh(self) -> UUID:
        self.count += 1
        milliseconds = int(self.clock.now().timestamp() * 1000)
        high, low = divmod(self.count, 1 << 60)
        return UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0x8 << 60) | low)


@attrs.define(eq=False)
class RememberingPublisher:
    """Keeps what was published, in order."""

    events: list[RoomEvent] = attrs.field(factory=list)
    urgent: list[RoomEvent] = attrs.field(factory=list)

    def publish(self, event: RoomEvent) -> None:
        self.events.append(event)

    def publish_urgent(self, event: RoomEvent) -> None:
        self.urgent.append(event)

    def reset(self) -> None:
        """What was published was durable, so it stays."""


@attrs.define(eq=False)
class RememberingEffects:
    """Keeps what was done outside; waits while `hangs` is set.

    `answers` says, by the class of a command, what actors are told when it is done. `trouble` is
    asked before each try, and raises what goes wrong with it.
    """

    done: list[Message] = attrs.field(factory=list)
    trouble: Callable[[Message], None] = lambda _message: None
    hangs: trio.Event | None = None
    answers: dict[type[Command], Answer] = attrs.field(factory=dict)

    async def perform(self, message: Message) -> Sequence[Send]:
        if self.hangs is not None:
            await self.hangs.wait()
        self.trouble(message)
        self.done.append(message)
        answer = self.answers.get(type(message.command))
        return () if answer is None else await answer(message)


class NoObserver:
    """Hears nothing."""

    def applied(self, address: Address, changes: Sequence[Record]) -> None:
        """Nobody listens."""
