"""Has what is past its time forgotten: by the database, and by actors for what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import attrs

from actors.runtime.node import Node
from protocol.addresses import Address
from protocol.commands import Command
from protocol.internal.forgetting import ForgetFiredTimers, ForgetSilentDevices

TIMERS_KEPT: Final = timedelta(days=7)
"""After they fired (`actor_timers`)."""


class PastItsTime(Protocol):
    """What there is to forget. Methods raise LastLightError while the database is away."""

    async def forget(self) -> Mapping[str, int]:
        """Forget what nobody holds; how many rows of which table."""
        ...

    async def silent_accounts(self) -> Sequence[Address]:
        """Accounts with devices that were silent for too long."""
        ...

    async def actors_with_fired_timers(self, before: datetime) -> Sequence[Address]:
        """Actors that keep timers which fired before then."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Forgetting:
    """Forgets. What an actor holds only it may remove: it knows the versions."""

    node: Node
    past: PastItsTime
    now: Callable[[], datetime]

    async def forget(self) -> Mapping[str, int]:
        """Forget everything that is due; how much of what.

        Raises:
            LastLightError: an actor or the database can't be asked now. The rest is due still.
        """
        before = self.now() - TIMERS_KEPT
        actors = await self.past.actors_with_fired_timers(before)
        accounts = await self.past.silent_accounts()
        await self._ask(actors, ForgetFiredTimers(before=before))
        await self._ask(accounts, ForgetSilentDevices())
        asked = {"actors_with_timers": len(actors), "accounts_with_devices": len(accounts)}
        return {**await self.past.forget(), **{what: n for what, n in asked.items() if n}}

    async def _ask(self, actors: Sequence[Address], command: Command) -> None:
        """One after another: it is no hurry, and each may have to be loaded."""
        for address in actors:
            await self.node.ask(address, command, principal=None)
