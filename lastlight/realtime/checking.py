"""Each event is held to its declared shape once, before it leaves.

One that does not fit is a bug of ours, found too late to be undone: what it tells is durable, and
whoever waits for it is better served by an odd member than by silence, above all in an emergency.
So it goes out all the same; it is counted, and logged by the places that don't fit, without what
stands there. Reading an event takes some 30 µs, once for all who hear it.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from protocol.codec import Invalid, decode
from protocol.entries import RoomEvent
from protocol.events import EVENTS

log = structlog.get_logger(__name__)


@attrs.frozen(eq=False)
class EventCheck:
    """Looks at events; `count` is told of each that is not as declared."""

    count: Callable[[], None]

    def fits(self, event: RoomEvent) -> bool:
        """Whether an event is as its type is declared: who reads its members may rely on them."""
        declared = EVENTS.get(event.type)
        if declared is None:
            self._tell(event, ["(type)"])
            return False
        try:
            decode(declared, event.data)
        except Invalid as error:
            self._tell(event, [f"{fault.pointer} {fault.code}" for fault in error.errors])
            return False
        return True

    def _tell(self, event: RoomEvent, places: list[str]) -> None:
        self.count()
        log.error("event_not_as_declared", event_id=str(event.id), type=event.type, places=places)
