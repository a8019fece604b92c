"""The publisher port: events to the connections in their rooms, and into the backlog.

A connection whose login was ended is told so first and closed then: a token counts no more from the
moment of the decision, but the event about it goes out when it is durable.
"""

from __future__ import annotations

from typing import Final

import attrs
import trio

from actors.runtime.node import Node
from lastlight.auth.revocations import Revocations
from lastlight.clocks import SystemClock
from lastlight.metrics import Metrics
from lastlight.realtime.attending import Attending
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.bells import Bells
from lastlight.realtime.checking import EventCheck
from lastlight.realtime.hub import Hub
from protocol.entries import RoomEvent
from protocol.events.emergency import EmergencySosAcknowledged
from protocol.events.system import AuthSessionRevoked

_TAKEN: Final = "acknowledged"


@attrs.frozen(eq=False)
class RoomPublisher:
    """See `actors.runtime.ports.Publisher`."""

    hub: Hub
    backlog: Backlog
    metrics: Metrics
    revocations: Revocations = attrs.field(factory=Revocations)
    bells: Bells = attrs.field(factory=Bells)
    attending: Attending = attrs.field(factory=lambda: Attending(SystemClock().now))
    check: EventCheck = attrs.field(init=False)

    @check.default
    def _check_of_metrics(self) -> EventCheck:
        return EventCheck(self.metrics.malformed_events.inc)

    async def run(self, node: Node) -> None:
        """Give events out in turns, and tell the venues of `node` who has them, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.hub.run)
            nursery.start_soon(self.attending.run, node)

    def publish(self, event: RoomEvent) -> None:
        """A durable event in its place, or an ephemeral one."""
        if fits := self.check.fits(event):
            self.attending.went_out(event)
        self.backlog.add(event)
        if event.type == AuthSessionRevoked.type and event.data.get("reason") == "erased":
            for room, _ in event.rooms:
                self.backlog.forget(room)
        self.hub.publish(event, self._revoke if event.type == AuthSessionRevoked.type else None)
        self.bells.ring(room for room, seq in event.rooms if seq is not None)
        durable = bool(event.rooms) and event.rooms[0][1] is not None
        self.metrics.count_event("durable" if durable else "ephemeral")
        if event.type == EmergencySosAcknowledged.type and fits and event.data["status"] == _TAKEN:
            self.metrics.sos_acknowledged.observe(event.data["after_ms"] / 1000)

    def publish_urgent(self, event: RoomEvent) -> None:
        """The unnumbered copy of a durable event that is not durable yet."""
        if self.check.fits(event):
            self.attending.went_out(event)
        self.hub.publish_urgent(event)
        self.metrics.count_event("urgent")

    def reset(self) -> None:
        """What was published was durable; only urgent copies may have been of lost entries.

        No event will tell of a revocation that was lost; whose socket it was comes again.
        """
        self.hub.reset()
        self._revoke()

    def _revoke(self) -> None:
        self.hub.revoke(self.revocations.is_revoked)
