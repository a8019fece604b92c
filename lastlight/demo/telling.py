"""What the rooms of the demo are told when it is founded: the state that they then stand at.

A room is what its events say (Rule 17). Without these a patron would see no wallet, and staff no
rooms, before something happened to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count

import attrs

from actors.runtime.outcome import Event
from actors.runtime.telling import tell
from lastlight.demo.ids import Kind, demo_id
from protocol.entries import RoomEvent
from protocol.events.inventory import (
    GameStatusChanged,
    InventoryItemUpdated,
    RoomStatusChanged,
)
from protocol.events.money import CreditsBalanceChanged
from protocol.events.venue import VenueStatusChanged
from protocol.records.base import Record
from protocol.records.inventory import Game, KaraokeRoom, MenuItem
from protocol.records.money import Credits
from protocol.records.states import VenueStatus
from protocol.records.venues import Venue

FOUNDED = "founded"


@attrs.frozen(eq=False)
class Telling:
    """Numbers what is told, as the node numbers what it tells."""

    at: datetime
    _seqs: Counter[str] = attrs.field(factory=Counter)
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1))

    def of(self, records: Iterable[Record]) -> tuple[RoomEvent, ...]:
        """The events that tell of new rows; most rows have none."""
        told = (_told(record, self.at) for record in records)
        return tuple(self._numbered(event) for event in told if event is not None)

    def _numbered(self, event: Event) -> RoomEvent:
        self._seqs.update(event.rooms)
        return RoomEvent(
            id=demo_id(Kind.EVENT, next(self._numbers)),
            type=event.type,
            venue_id=event.venue_id,
            occurred_at=self.at,
            data=event.data,
            rooms=tuple((room, self._seqs[room]) for room in event.rooms),
        )


def _told(record: Record, at: datetime) -> Event | None:
    match record:
        case Venue():
            opened = VenueStatusChanged(
                venue_id=record.id,
                from_=VenueStatus.CLOSED,
                to=record.status,
                at=at,
                last_orders_at=None,
                reason=FOUNDED,
            )
            return tell(opened, venue_id=record.id)
        case MenuItem():
            item = InventoryItemUpdated(
                item_id=record.id, available=True, price_minor=record.price_minor, version=1
            )
            return tell(item, venue_id=record.venue_id)
        case KaraokeRoom():
            room = RoomStatusChanged(room_id=record.id, status=record.status, until=None, version=1)
            return tell(room, venue_id=record.venue_id)
        case Game():
            game = GameStatusChanged(game_id=record.id, status=record.status, fault=None, version=1)
            return tell(game, venue_id=record.venue_id)
        case Credits():
            wallet = CreditsBalanceChanged(
                available_minor=record.paid_minor,
                held_minor=0,
                paid_minor=record.paid_minor,
                bonus_minor=0,
                currency=record.currency,
                ledger_seq=record.ledger_seq,
                cause="topup",
            )
            return tell(wallet, user_id=record.user_id)
        case _:
            return None
