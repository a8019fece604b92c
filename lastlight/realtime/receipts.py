"""Which devices have received an alert: acknowledgements, on their way to the venues (Rule 8).

A client acknowledges a place of a room, which covers every alert that it was given up to there, or
one alert by its event's id, as the urgent copy has no place. Each person counts once for each
alert. A venue is told in batches, one at a time, so receipts never crowd out an emergency; what is
over a bound is let go, since a lost receipt only makes an incident louder.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import attrs
import structlog
import trio

from protocol.entries import RoomEvent
from protocol.errors import LastLightError
from protocol.events.emergency import EmergencyBroadcast, EmergencySosRaised
from protocol.events.safety import SafetyHelpRequested
from protocol.internal.receipts import Receipt
from protocol.limits import (
    ALERTS_KNOWN_MAX,
    RECEIPTS_AGAIN_S,
    RECEIPTS_BATCH_MAX,
    RECEIPTS_EVERY_S,
    RECEIPTS_WAITING_MAX,
)

log = structlog.get_logger(__name__)
Tell = Callable[[UUID, tuple[Receipt, ...]], Awaitable[object]]
"""Tells a venue. Raises a `LastLightError` if it can't be told now."""
_CALLS: Final = frozenset({EmergencySosRaised.type, SafetyHelpRequested.type})
ALERTS: Final = _CALLS | {EmergencyBroadcast.type}
"""Types of events that may be alerts."""


@attrs.define(eq=False, kw_only=True)
class Alert:
    """What somebody must know of at once. `id` is that of the incident or broadcast."""

    id: UUID
    venue_id: UUID
    is_call: bool
    """Whether somebody called for help, and not management told the house something."""
    raiser_id: UUID
    places: dict[str, int | None] = attrs.field(factory=dict)
    """Its rooms, with its number in each, once it has one."""
    receivers: set[UUID] = attrs.field(factory=set)


def alert_of(event: RoomEvent) -> Alert | None:
    """The alert that an event is, if it is one that receipts are wanted of."""
    data = event.data
    if event.type in _CALLS:
        raiser = data["raised_by"] if event.type == EmergencySosRaised.type else data["user_id"]
        id_, is_call = data["incident_id"], True
    elif event.type == EmergencyBroadcast.type and data["needs_ack"]:
        raiser, id_, is_call = data["by"], data["broadcast_id"], False
    else:
        return None
    assert event.venue_id is not None, f"{event.type} is of a venue"
    return Alert(
        id=UUID(str(id_)),
        venue_id=event.venue_id,
        is_call=is_call,
        raiser_id=UUID(str(raiser)),
        places=dict(event.rooms),
    )


class Receipts:
    """The last ALERTS_KNOWN_MAX alerts, and the receipts that venues have not been told of."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._alerts: OrderedDict[UUID, Alert] = OrderedDict()
        """By event; the urgent copy of an event has its id."""
        self._places: dict[str, dict[int, Alert]] = {}
        """By room and number, in order."""
        self._waiting: dict[UUID, list[Receipt]] = {}
        self._count = 0
        self._bell = trio.Event()

    def __len__(self) -> int:
        """Receipts that wait."""
        return self._count

    def note(self, event: RoomEvent) -> Alert | None:
        """An event went out, or is given to somebody who comes back; the alert that is new, if so.

        Idempotent. An alert's numbers come after its urgent copy.
        """
        known = self._alerts.get(event.id)
        if known is not None:
            known.places.update((room, seq) for room, seq in event.rooms if seq is not None)
            self._number(known)
            return None
        alert = alert_of(event)
        if alert is None:
            return None
        # Pressed again, or told before it was recorded: whoever had it then has it.
        of_same = (other for other in self._alerts.values() if other.id == alert.id)
        alert.receivers = next((other.receivers for other in of_same), alert.receivers)
        self._alerts[event.id] = alert
        self._number(alert)
        if len(self._alerts) > ALERTS_KNOWN_MAX:
            self._forget(self._alerts.popitem(last=False)[1])
        return alert

    def acknowledged(
        self,
        user_id: UUID,
        room: str,
        *,
        after: int = 0,
        until: int = 0,
        event_id: UUID | None = None,
    ) -> bool:
        """A device has what it was given in a room from after a place up to another, or one event.

        Whether it was given it is the caller's to know; an event of another room, or one that is
        no alert, is nothing.

        Returns:
            Whether anything of it was new.
        """
        meant = [*self._meant(room, after, until, event_id)]
        return sum(self._receive(alert, user_id) for alert in meant) > 0

    async def run(self, tell: Tell) -> None:
        """Tell the venues, until cancelled."""
        telling: set[UUID] = set()
        async with trio.open_nursery() as nursery:
            while True:
                await self._bell.wait()
                self._bell = trio.Event()
                # Devices answer an alert at about the same time: one entry for all of them.
                await trio.sleep(RECEIPTS_EVERY_S)
                for venue_id in self._waiting.keys() - telling:
                    telling.add(venue_id)
                    nursery.start_soon(self._tell_all, venue_id, tell, telling)

    def _meant(self, room: str, after: int, until: int, event_id: UUID | None) -> Iterator[Alert]:
        named = None if event_id is None else self._alerts.get(event_id)
        if named is not None and room in named.places:
            yield named
        for seq, alert in reversed(self._places.get(room, {}).items()):
            if seq <= after:
                return
            if seq <= until:
                yield alert

    def _receive(self, alert: Alert, user_id: UUID) -> bool:
        if user_id in alert.receivers or (alert.is_call and user_id == alert.raiser_id):
            return False
        if self._count >= RECEIPTS_WAITING_MAX:
            return False
        alert.receivers.add(user_id)
        receipt = Receipt(alert_id=alert.id, user_id=user_id, at=self._now())
        self._put(alert.venue_id, (receipt,))
        return True

    def _put(self, venue_id: UUID, receipts: Iterable[Receipt]) -> None:
        waiting = self._waiting.setdefault(venue_id, [])
        before = len(waiting)
        waiting.extend(receipts)
        self._count += len(waiting) - before
        self._bell.set()

    async def _tell_all(self, venue_id: UUID, tell: Tell, telling: set[UUID]) -> None:
        try:
            while batch := tuple(self._waiting.get(venue_id, ())[:RECEIPTS_BATCH_MAX]):
                try:
                    await tell(venue_id, batch)
                except LastLightError as error:
                    # It starts, or is full: told once more, it is told nothing new.
                    log.info("receipts_wait", venue=str(venue_id), reason=str(error))
                    await trio.sleep(RECEIPTS_AGAIN_S)
                    continue
                self._told(venue_id, len(batch))
        finally:
            telling.discard(venue_id)

    def _told(self, venue_id: UUID, count: int) -> None:
        left = self._waiting[venue_id][count:]
        self._count -= count
        if left:
            self._waiting[venue_id] = left
        else:
            del self._waiting[venue_id]

    def _number(self, alert: Alert) -> None:
        for room, seq in alert.places.items():
            if seq is None:
                continue
            of_room = self._places.setdefault(room, {})
            is_last = seq > next(reversed(of_room), 0)
            of_room[seq] = alert
            if not is_last:
                # What somebody who comes back is given may be older than what is known.
                self._places[room] = dict(sorted(of_room.items()))

    def _forget(self, alert: Alert) -> None:
        for room, seq in alert.places.items():
            if seq is None:
                continue
            of_room = self._places.get(room, {})
            of_room.pop(seq, None)
            if not of_room:
                self._places.pop(room, None)
