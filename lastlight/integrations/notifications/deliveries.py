"""Notes of what became of each message: who was tried, by which way, how often, and what was said.

A note never holds up what it is of: it is put in line and written by a task of its own, many at
once. Nobody's address is in it. A crash loses notes that were not written, never a message.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import attrs
import structlog
import trio

from protocol.errors import LastLightError
from protocol.internal.notifications import About
from protocol.notify_limits import DELIVERIES_WAITING_MAX
from protocol.records.platform import NotificationDelivery

log = structlog.get_logger(__name__)
_AT_ONCE: Final = 500
_AGAIN_S: Final = 5.0
ERROR_CHARS_MAX: Final = 300
NOBODY: Final = UUID(int=0)
"""In place of a user: the contact outside."""


class Delivery(enum.StrEnum):
    """What became of a message, as `notification_deliveries.status` has it."""

    SENT = "sent"
    """The provider took it."""
    DELIVERED = "delivered"
    """The provider says that it arrived: a carrier's word, or a call that was answered."""
    WAITING = "waiting"
    """It did not; it is tried again."""
    FAILED = "failed"
    """It never will be sent, or was tried for too long."""
    GONE = "gone"
    """There is nobody at that device or number any more."""
    NO_WAY = "no_way"
    """The person has no device or number to send it to."""


class DeliveryBook(Protocol):
    """Where notes are kept."""

    async def keep(self, notes: Sequence[NotificationDelivery]) -> None:
        """Keep notes, at most one of each id; their tries are added to those kept before.

        Raises:
            LastLightError: it is away. Nothing was kept.
        """
        ...


@attrs.define(eq=False, kw_only=True)
class DeliveryLog:
    """Takes notes; `run` writes them."""

    book: DeliveryBook
    count: Callable[[str, str], None] = lambda _way, _status: None
    """Told each note's way and status."""
    waiting_max: int = DELIVERIES_WAITING_MAX
    dropped: int = attrs.field(default=0, init=False)
    _waiting: OrderedDict[UUID, NotificationDelivery] = attrs.field(factory=OrderedDict, init=False)
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)

    def note(
        self,
        id_: UUID,
        user_id: UUID,
        about: About,
        channel: str,
        status: Delivery,
        *,
        at: datetime,
        tried: int = 1,
        error: str | None = None,
    ) -> None:
        """Say what became of a message, once more or for the first time. Never waits."""
        self.count(channel, status.value)
        note = NotificationDelivery(
            id=id_,
            user_id=user_id,
            event_id=about.event_id,
            incident_id=about.incident_id,
            channel=channel,
            status=status.value,
            tries=tried,
            sent_at=at if status is Delivery.SENT else None,
            delivered_at=at if status is Delivery.DELIVERED else None,
            error=None if error is None else error[:ERROR_CHARS_MAX],
        )
        before = self._waiting.pop(id_, None)
        self._waiting[id_] = note if before is None else _joined(before, note)
        if len(self._waiting) > self.waiting_max:
            self._waiting.popitem(last=False)
            self.dropped += 1
        self._news.set()

    async def run(self) -> None:
        """Write what is noted, for as long as the node lives."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            while self._waiting:
                if not await self.write():
                    await trio.sleep(_AGAIN_S)

    async def write(self) -> bool:
        """Write some of what waits; False if the book is away."""
        some = list(self._waiting.items())[:_AT_ONCE]
        for id_, _ in some:
            del self._waiting[id_]
        try:
            await self.book.keep([note for _, note in some])
        except LastLightError as error:
            log.warning("deliveries_not_kept", count=len(some), reason=str(error))
            self._put_back(some)
            return False
        return True

    def _put_back(self, some: Sequence[tuple[UUID, NotificationDelivery]]) -> None:
        """In front of what came meanwhile; a newer note of the same message wins, tries add up."""
        newer, self._waiting = self._waiting, OrderedDict(some)
        for id_, note in newer.items():
            before = self._waiting.get(id_)
            self._waiting[id_] = note if before is None else _joined(before, note)
        while len(self._waiting) > self.waiting_max:
            self._waiting.popitem(last=False)
            self.dropped += 1


def _joined(before: NotificationDelivery, note: NotificationDelivery) -> NotificationDelivery:
    """A newer note of the same message; what was known before and still holds is kept."""
    return note.evolve(
        tries=before.tries + note.tries,
        sent_at=before.sent_at or note.sent_at,
        delivered_at=note.delivered_at or before.delivered_at,
    )
