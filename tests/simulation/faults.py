"""Commits and effects that fail by chance."""

from __future__ import annotations

from random import Random

import attrs

from actors.runtime.effect_terms import EffectDelayed
from protocol.messages import Message
from tests.twins.journal_faults import planted


@attrs.define(eq=False)
class ChanceFaults:
    """Hooks of a journal that fail now and then, before a group is written or after it."""

    random: Random
    share: float = 0.0
    """Which part of the commits fails."""
    count: int = 0

    async def before_commit(self, entry_count: int) -> None:
        """Perhaps it is never written."""
        self._perhaps()

    async def after_commit(self, entry_count: int) -> None:
        """Perhaps it is written, and nobody is told."""
        self._perhaps()

    async def before_reopen(self) -> None:
        """It can always be read."""

    def _perhaps(self) -> None:
        if self.share and self.random.random() < self.share / 2:
            self.count += 1
            raise planted()


@attrs.define(eq=False)
class ChanceTrouble:
    """Effects that can't be done now, or fail as they never should."""

    random: Random
    share: float = 0.0
    """Which part of the tries fails."""

    def __call__(self, message: Message) -> None:
        """Perhaps this try comes to nothing."""
        chance = self.random.random()
        if chance < self.share / 10:
            raise RuntimeError("planted by chance")
        if chance < self.share:
            raise EffectDelayed("planted by chance")
