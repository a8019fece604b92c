"""Sends dead messages again that an operator wants to have sent, and says what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import attrs
import structlog

from actors.runtime.node import Node
from protocol.errors import LastLightError
from protocol.messages import Message

log = structlog.get_logger(__name__)


class Asked(Protocol):
    """One message that is to be sent again."""

    @property
    def message_id(self) -> UUID: ...
    @property
    def message(self) -> Message | None:
        """None if there is no such letter, or what it says can't be sent again."""
        ...


class Letters(Protocol):
    """What operators asked for. Methods raise LastLightError while the database is away."""

    async def replays(self) -> Sequence[Asked]:
        """What is to be sent again."""
        ...

    async def replayed(self, message_id: UUID, at: datetime, result: str) -> None:
        """Tell the operator what became of it."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Replays:
    """Sends them again. A letter goes in the entry that sends its message, so it is sent once."""

    node: Node
    letters: Letters
    wait_flushed: Callable[[], Awaitable[None]]
    """Until the database shows which letters are gone."""
    now: Callable[[], datetime]

    async def replay(self) -> int:
        """Send all that is asked for; how many were sent."""
        # Else a letter would be seen that an earlier run has taken away already.
        await self.wait_flushed()
        count = 0
        for asked in await self.letters.replays():
            if asked.message is None:
                result = "there is no such letter, or it can't be sent again"
            else:
                try:
                    self.node.replay(asked.message_id, asked.message)
                except LastLightError as error:
                    log.warning("replay_waits", message=str(asked.message_id), reason=str(error))
                    break
                result, count = "sent again", count + 1
            await self.letters.replayed(asked.message_id, self.now(), result)
        return count
