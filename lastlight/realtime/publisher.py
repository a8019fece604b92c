"""The publisher port: events to the connections in their rooms, and into the backlog."""

from __future__ import annotations

import attrs

from lastlight.metrics import Metrics
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub
from protocol.entries import RoomEvent
from protocol.events.emergency import EmergencySosAcknowledged


@attrs.frozen(eq=False)
class RoomPublisher:
    """See `actors.runtime.ports.Publisher`."""

    hub: Hub
    backlog: Backlog
    metrics: Metrics

    def publish(self, event: RoomEvent) -> None:
        """A durable event in its place, or an ephemeral one."""
        self.backlog.add(event)
        self.hub.publish(event)
        durable = bool(event.rooms) and event.rooms[0][1] is not None
        self.metrics.events.labels(kind="durable" if durable else "ephemeral").inc()
        if event.type == EmergencySosAcknowledged.type and event.data["status"] == "acknowledged":
            self.metrics.sos_acknowledged.observe(event.data["after_ms"] / 1000)

    def publish_urgent(self, event: RoomEvent) -> None:
        """The unnumbered copy of a durable event that is not durable yet."""
        self.hub.publish_urgent(event)
        self.metrics.events.labels(kind="urgent").inc()

    def reset(self) -> None:
        """What was published was durable; only urgent copies may have been of lost entries."""
        self.hub.reset()
