"""What a decision says: the values that `decide_*` returns and the context that it is given.

A decision mutates nothing and does no I/O. Either it refuses, and nothing happens, or everything
in its `Outcome` happens, in one journal entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, final
from uuid import UUID

import attrs

from protocol.addresses import Address, Principal
from protocol.commands import Command
from protocol.errors import Refusal
from protocol.messages import Provenance
from protocol.records.base import Record


@final
class Later:
    """The answer comes from a later step of the same saga."""


LATER: Final = Later()


@attrs.frozen
class Send:
    """A message to another actor, caused by this outcome.

    `undo` is what the sender must be told if a later step of the chain refuses or fails. With
    `undoes_cause` it takes the place of the undo of the step before, and sees to that when it is
    done: of two undos that are told at once, either may come first. With `detached`, the message is
    no part of the saga: it answers nobody and is never undone.
    """

    target: Address
    command: Command
    undo: Command | None = None
    undoes_cause: bool = False
    detached: bool = False
    urgent: bool = False
    fresh: bool = False
    """The target's id was made in this decision: the message brings it to life."""


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened, for the rooms named.

    A durable event is numbered in each room and outlives a crash. Of ephemeral ones the newest
    wins. An urgent one goes out at once, unnumbered, and once more in its place.
    """

    type: str
    rooms: tuple[str, ...]
    data: Mapping[str, Any]
    venue_id: UUID | None = None
    version: int = 1
    durable: bool = True
    urgent: bool = False
    hide_from: UUID | None = None


@attrs.frozen
class SetTimer:
    """Tell this actor `command` at `due_at`; a timer of the same name is replaced."""

    name: str
    due_at: datetime
    command: Command


@attrs.frozen
class CancelTimer:
    """Forget a timer, if it is set."""

    name: str


@attrs.frozen(kw_only=True)
class Outcome:
    """Everything that follows from one message, all or nothing.

    `reply` is None where nobody is to be answered, `LATER` where a later step of the saga answers,
    a `Refusal` where the answer is no although something changed (a failed login is counted). Only
    the actor that a command was addressed to replies; others send their part back to it.
    """

    reply: object = None
    status: int | None = None
    """HTTP status of the reply, where it differs from the operation's own."""
    changes: tuple[Record, ...] = ()
    removes: tuple[Record, ...] = ()
    appends: tuple[Record, ...] = ()
    events: tuple[Event, ...] = ()
    sends: tuple[Send, ...] = ()
    timers: tuple[SetTimer | CancelTimer, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether anything must be journaled; ephemeral events need not."""
        return bool(
            self.changes
            or self.removes
            or self.appends
            or self.sends
            or self.timers
            or (self.events and any(event.durable for event in self.events))
        )


@attrs.frozen(kw_only=True)
class Context:
    """What a decision may know besides its state and its command."""

    now: datetime
    """Server time, UTC with whole milliseconds; never earlier than in an earlier decision."""
    principal: Principal | None
    address: Address
    message_id: UUID
    """Names the message that is decided; the same when it is decided again after a crash."""
    fresh_id: Callable[[], UUID]
    shared: Callable[[Address], Any]
    """What another actor shares with all of its node (a venue its profile), or None."""
    expected_version: int | None = None
    """Of `If-Match`."""
    in_saga: bool = False
    """Whether somebody waits for the answer of this chain."""
    provenance: Provenance | None = None
    """Of the request that led here; None for what a timer began."""

    @property
    def is_late(self) -> bool:
        """Whether a device did this while it was offline (Rule 12)."""
        return self.provenance is not None and self.provenance.occurred_at is not None

    @property
    def happened_at(self) -> datetime:
        """When it truly happened: now, unless a device was offline (Rule 12)."""
        happened = None if self.provenance is None else self.provenance.occurred_at
        return self.now if happened is None else min(happened, self.now)


Decision = Outcome | Refusal
