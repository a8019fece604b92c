"""What travels between actors, and on whose behalf.

A message is named once and handled once: the journal entry that it causes names it. A chain of
messages that together answer one command is a saga; each carries its `origin`, which is where the
answer goes, and `undo`, what takes back the steps done so far, last step last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from protocol.addresses import Address, Principal
from protocol.commands import COMMANDS, Command


@attrs.frozen(kw_only=True)
class KeyScope:
    """An idempotency key within its scope at the addressed actor (Rule 12).

    `fingerprint` is the SHA-256 of the canonical request.
    """

    user_id: UUID
    method: str
    route: str
    key: str
    fingerprint: bytes


@attrs.frozen(kw_only=True)
class Provenance:
    """Where the request came from that a message goes back to, for the audit trail.

    `occurred_at` is when it truly happened, for what a device kept while it was offline (Rule 12);
    the gateway holds it within its bounds. None means now.
    """

    request_id: UUID | None = None
    client_address: str | None = None
    occurred_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Origin:
    """Where a saga began: the addressed actor, the message that began it, and how to answer."""

    address: Address
    message_id: UUID
    status: int
    """HTTP status of success."""
    scope: KeyScope | None = None


@attrs.frozen
class Undo:
    """What takes back one step of a saga that is refused later."""

    target: Address
    command: Command


@attrs.frozen(kw_only=True)
class Message:
    """One command on its way to one actor."""

    id: UUID
    target: Address
    command: Command
    at: datetime
    """When it was received by the gateway, or sent."""
    principal: Principal | None = None
    origin: Origin | None = None
    undo: tuple[Undo, ...] = ()
    hops: int = 0
    timer: tuple[str, datetime] | None = None
    """Name and due time, if a timer sent it."""
    urgent: bool = False
    """Sent ahead of other messages and without regard to bounds."""
    fresh: bool = False
    """The target was named by the sender just now: there is nothing to load."""
    provenance: Provenance | None = None
    """Of the request; None for what a timer began."""


Wire = tuple[Any, ...]
"""A message as plain values, as it stands in journal entries and in `runtime.pending_sends`."""


def message_to_wire(message: Message) -> Wire:
    """Flatten a message; `message_from_wire` reads it back."""
    return (
        message.id,
        message.target,
        type(message.command).__name__,
        message.command,
        message.at,
        message.principal,
        message.origin,
        tuple((undo.target, type(undo.command).__name__, undo.command) for undo in message.undo),
        message.hops,
        message.timer,
        message.urgent,
        message.fresh,
        message.provenance,
    )


def command_from_wire(name: str, values: Any) -> Command:
    """The command called `name`, from plain values.

    Raises:
        KeyError: no command has this name, so the entry is of a newer release.
        msgspec.ValidationError: the values don't fit.
    """
    return msgspec.convert(values, COMMANDS[name])


def address_from_wire(values: Any) -> Address:
    """An address from plain values."""
    return msgspec.convert(values, Address)


_TIMER: Final = tuple[str, datetime] | None


def message_from_wire(wire: Any) -> Message:
    """Read back what `message_to_wire` made, after its way through msgpack.

    Entries of the first release end with `fresh`.
    """
    (id_, target, name, values, at, principal, origin, undo, hops, timer, urgent, fresh) = wire[:12]
    provenance = wire[12] if len(wire) > 12 else None
    return Message(
        id=msgspec.convert(id_, UUID),
        target=address_from_wire(target),
        command=command_from_wire(name, values),
        at=at,
        principal=msgspec.convert(principal, Principal | None),
        origin=msgspec.convert(origin, Origin | None),
        undo=tuple(
            Undo(address_from_wire(step), command_from_wire(called, given))
            for step, called, given in undo
        ),
        hops=hops,
        timer=msgspec.convert(timer, _TIMER),
        urgent=urgent,
        fresh=fresh,
        provenance=msgspec.convert(provenance, Provenance | None),
    )
