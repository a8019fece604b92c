"""Keeps who is connected and who has received what, and tells the venues (Rule 8).

One object that every way of connecting reports to: `/ws` and Socket.IO by their conversations,
polls by the place they ask after. Nothing of it is stored here; what must outlive the node is the
venue's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

import attrs
import trio

from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT
from actors.runtime.node import Node
from lastlight.realtime.hub import Member, Membership
from lastlight.realtime.messages import Ack
from lastlight.realtime.presence import Presence
from lastlight.realtime.receipts import ALERTS, Alert, Receipts
from lastlight.realtime.resuming import seq_in
from lastlight.realtime.services import Resumption
from lastlight.realtime.unheard import Unheard
from protocol.addresses import ActorKind, Address
from protocol.entries import RoomEvent
from protocol.internal.receipts import AlertsReceived, AlertUnheard, Receipt
from protocol.limits import POLLS_MAX


@attrs.define(eq=False)
class _Attending:
    """What is known of one connection."""

    epoch: int
    acknowledges: bool = False
    """Whether its client has ever acknowledged anything."""


class Attending:
    """See `lastlight.realtime.services.Attendance`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.presence = Presence(now)
        self.receipts = Receipts(now)
        self._unheard = Unheard(
            members=self._in_room, tells=self._acknowledges, within_s=self._unheard_s
        )
        self._members: dict[Member, _Attending] = {}
        self._polls: OrderedDict[tuple[UUID, str], int] = OrderedDict()
        """From which place on somebody's polls of a room give them what happens."""
        self._shared: Callable[[Address], object] = lambda _address: None

    async def run(self, node: Node) -> None:
        """Tell the venues of `node`, until cancelled."""
        self._shared = node.shared

        async def tell_receipts(venue_id: UUID, receipts: tuple[Receipt, ...]) -> None:
            venue = Address(ActorKind.VENUE, venue_id)
            await node.ask(venue, AlertsReceived(receipts=receipts), principal=None)

        async def tell_unheard(alert: Alert) -> None:
            venue = Address(ActorKind.VENUE, alert.venue_id)
            await node.ask(venue, AlertUnheard(incident_id=alert.id), principal=None)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.receipts.run, tell_receipts)
            nursery.start_soon(self._unheard.run, tell_unheard)

    # What went out

    def went_out(self, event: RoomEvent) -> None:
        """An event was published, or its urgent copy was."""
        if event.type in ALERTS and (alert := self.receipts.note(event)) is not None:
            self._unheard.watch(alert)

    # What connections report

    def joined(self, member: Member) -> None:
        """A connection has said who it is."""
        self._members[member] = _Attending(self.presence.came(member.principal.user_id))

    def left(self, member: Member) -> None:
        """A connection that had joined has ended."""
        known = self._members.pop(member, None)
        if known is not None:
            self.presence.went(member.principal.user_id, known.epoch)

    def entered(self, room: str, membership: Membership, found: Resumption) -> None:
        """A connection is given a room from a place, or all of it.

        What came before that place was not given here, so it can't be acknowledged here. A
        snapshot is given with every alert that still counts.
        """
        for event in found.events:
            # It may be one of before a restart.
            if event.type in ALERTS:
                self.receipts.note(event)
        if found.snapshot is None:
            given = found.events
            membership.acked_seq = seq_in(given[0], room) - 1 if given else found.seq

    def acknowledged(self, member: Member, ack: Ack) -> bool:
        """A client has a room up to a place, or one event of it; whether that is new.

        It has no more than it was given, and what it said before holds.
        """
        known, membership = self._members.get(member), member.rooms.get(ack.room)
        if known is None or membership is None:
            return False
        known.acknowledges = True
        before = membership.acked_seq
        membership.acked_seq = max(before, min(ack.seq or 0, membership.last_seq))
        received = self.receipts.acknowledged(
            member.principal.user_id,
            ack.room,
            after=before,
            until=membership.acked_seq,
            event_id=ack.id,
        )
        return received or membership.acked_seq > before

    def polled(self, user_id: UUID, room: str, seq: int) -> None:
        """Somebody asks for what follows a place: so they have what earlier polls gave up to it.

        Of those who poll, the last POLLS_MAX are remembered; whoever is not begins anew.
        """
        after = min(seq, self._polls.pop((user_id, room), seq))
        self.receipts.acknowledged(user_id, room, after=after, until=seq)
        self._polls[user_id, room] = seq
        if len(self._polls) > POLLS_MAX:
            self._polls.popitem(last=False)

    def _in_room(self, room: str) -> Iterable[Member]:
        # Asked for when somebody called for help and nobody has it; no list is kept for that.
        return [member for member in self._members if room in member.rooms]

    def _acknowledges(self, member: Member) -> bool:
        known = self._members.get(member)
        return known is not None and known.acknowledges

    def _unheard_s(self, venue_id: UUID) -> float:
        profile = self._shared(Address(ActorKind.VENUE, venue_id))
        settings = profile.settings if isinstance(profile, VenueProfile) else DEFAULT
        return settings.sos_unheard_s
