"""Readings that go to the audit trail: contact data, the trail itself, the safety register.

The line is durable before the answer leaves. Where it can't be written, nothing is shown.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import attrs

from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Refused
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.codec import encode
from protocol.internal.auditing import NoteReading


async def note_reading(node: Node, call: Call, answer: Answer) -> None:
    """Write down at each venue concerned that this is read, if its row says so.

    Raises:
        LastLightError: it could not be written; the answer must not leave.
    """
    action = call.operation.audited
    if action is None or answer.refusal is not None:
        return
    noted = _reading(action, call)
    for address in _concerned(call):
        done = await node.ask(address, noted, principal=call.principal, provenance=call.provenance)
        if done.refusal is not None:
            raise Refused(done.refusal)


def _reading(action: str, call: Call) -> NoteReading:
    """What is read: the thing that the path names, else what the list is of."""
    named = call.operation.parameters[:1]
    filters: Any = {
        field.name: encode(value)
        for field in attrs.fields(cast("Any", type(call.command)))
        if field.name not in named and (value := getattr(call.command, field.name)) is not None
    }
    return NoteReading(
        action=action,
        object_type=named[0].removesuffix("_id") if named else call.operation.category.lower(),
        object_id=str(getattr(call.command, named[0])) if named else call.operation.name,
        filters=filters,
    )


def _concerned(call: Call) -> list[Address]:
    """The venue that is asked about, else all at which the caller may ask, else the platform."""
    principal, least = call.signed_in, call.operation.least
    venue_id = getattr(call.command, "venue_id", None)
    if isinstance(venue_id, UUID):
        return [Address(ActorKind.VENUE, venue_id)]
    if principal.everywhere >= least:
        return [PLATFORM]
    return [
        Address(ActorKind.VENUE, venue)
        for venue, role in sorted(principal.roles.items())
        if role >= least
    ]
