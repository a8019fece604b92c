"""What a decision on a visit gathers for others: what is told, sent, written and timed.

A draft of a visit builds on it; nothing here knows what a visit is made of.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from actors.runtime.outcome import CancelTimer, Context, Event, Send, SetTimer
from actors.runtime.telling import tell
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.events.base import EventData
from protocol.records.base import Record
from protocol.records.visits import Session


@attrs.define(eq=False, kw_only=True)
class Gathered:
    """All that follows from one decision besides the visit's own rows."""

    session: Session
    context: Context
    _stored: Session
    _changes: list[Record] = attrs.field(factory=list)
    _appends: list[Record] = attrs.field(factory=list)
    _events: list[Event] = attrs.field(factory=list)
    _sends: list[Send] = attrs.field(factory=list)
    _timers: dict[str, SetTimer | CancelTimer] = attrs.field(factory=dict)

    @property
    def now(self) -> datetime:
        """The time of the decision."""
        return self.context.now

    @property
    def account(self) -> Address:
        """The patron's account."""
        return Address(ActorKind.ACCOUNT, self.session.user_id)

    @property
    def venue(self) -> Address:
        """Where the visit is."""
        return Address(ActorKind.VENUE, self.session.venue_id)

    @property
    def version(self) -> int:
        """What the session's version will be."""
        return self._stored.version + 1

    def tell(self, event: EventData) -> None:
        """Tell the audience of an event."""
        self._events.append(self.told(event))

    def told(self, event: EventData) -> Event:
        """An event as it is told of this visit."""
        who = self.session
        return tell(event, venue_id=who.venue_id, user_id=who.user_id, version=self.version)

    def send(
        self,
        target: Address,
        command: Command,
        *,
        detached: bool = False,
        undo: Command | None = None,
        urgent: bool = False,
    ) -> None:
        """Send a message: the next step of the saga, unless detached."""
        self._sends.append(Send(target, command, undo, detached=detached, urgent=urgent))

    def change(self, row: Record) -> None:
        """Write the next version of a row that is none of the visit's own."""
        self._changes.append(row)

    def append(self, rows: Iterable[Record]) -> None:
        """Write rows that nobody changes again."""
        self._appends += rows

    def timer(self, name: str, due_at: datetime, command: Command) -> None:
        """Set a timer in place of any of its name."""
        self._timers[name] = SetTimer(name, due_at, command)

    def cancel(self, name: str) -> None:
        """Forget a timer."""
        self._timers[name] = CancelTimer(name)
