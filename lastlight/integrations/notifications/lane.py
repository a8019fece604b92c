"""One provider's lane: how much is asked of it at once and per second, and when it is left alone.

A provider that hangs fills its own lane and nothing else. What is urgent has places of its own in
it and does not wait for the pace of the rest; it takes from it, so the others slow down. After a
provider asked all of us to wait, only what is urgent goes there until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import trio

from lastlight.integrations.notifications.port import Letter, Provider, TryLater
from protocol.notify_limits import NOTIFY_AT_ONCE_MAX, NOTIFY_CALL_S, NOTIFY_HOLD_MAX_S

_BURST_S: Final = 1.0
"""How long a pause may be made up for."""
_BETWEEN_S: Final = 2.0
"""A provider may need two calls for one letter: one to sign in."""


@attrs.define(eq=False)
class Pace:
    """A bucket of tokens: `per_s` come each second; one is taken by each letter."""

    per_s: float
    clock: Callable[[], float] = trio.current_time
    _left: float = attrs.field(init=False)
    _at: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self._most
        self._at = self.clock()

    @property
    def _most(self) -> float:
        return max(1.0, self.per_s * _BURST_S)

    def take(self) -> float:
        """Take one, into debt if need be; how many seconds to wait before it may be used."""
        now = self.clock()
        self._left = min(self._most, self._left + (now - self._at) * self.per_s)
        self._at = now
        self._left -= 1
        return max(0.0, -self._left / self.per_s)

    def give_back(self) -> None:
        """It was not used."""
        self._left = min(self._most, self._left + 1)


@attrs.define(eq=False)
class Lane:
    """A provider behind bounds; it is a provider itself. Made inside trio."""

    provider: Provider
    per_s: float
    name: str
    call_s: float = NOTIFY_CALL_S
    taken: int = attrs.field(default=0, init=False)
    failed: int = attrs.field(default=0, init=False)
    _held_until: float = attrs.field(default=0.0, init=False)
    _pace: Pace = attrs.field(init=False)
    _places: dict[bool, trio.CapacityLimiter] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pace = Pace(self.per_s)
        self._places = {
            urgent: trio.CapacityLimiter(NOTIFY_AT_ONCE_MAX) for urgent in (False, True)
        }

    @property
    def rests(self) -> bool:
        """Whether the provider asked for all of us to wait, and it is not over."""
        return trio.current_time() < self._held_until

    async def deliver(self, target: str, letter: Letter) -> str:
        """As the provider's own; waits for a place and for the pace first.

        Raises:
            TryLater: also while the provider wants to be left alone, or if it did not answer.
            Undeliverable, TargetGone: as the provider.
        """
        async with self._places[letter.urgent]:
            await self._wait_turn(letter)
            try:
                with trio.fail_after(_BETWEEN_S * self.call_s):
                    name = await self.provider.deliver(target, letter)
            except trio.TooSlowError:
                self.failed += 1
                raise TryLater(reason=f"{self.name} did not answer in time") from None
            except TryLater as error:
                self.failed += 1
                if error.everything and error.after_s is not None:
                    self._held_until = trio.current_time() + min(error.after_s, NOTIFY_HOLD_MAX_S)
                raise
            self.taken += 1
            return name

    async def _wait_turn(self, letter: Letter) -> None:
        held_s = self._held_until - trio.current_time()
        if held_s > 0 and not letter.urgent:
            raise TryLater(reason=f"{self.name} asked to be left alone", after_s=held_s)
        wait_s = self._pace.take()
        if wait_s > 0 and not letter.urgent:
            if wait_s > self.call_s:
                self._pace.give_back()
                raise TryLater(reason=f"{self.name} has too much to do", after_s=wait_s)
            await trio.sleep(wait_s)
