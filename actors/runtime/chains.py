"""The messages that follow from a decision: the next steps of a saga, or its taking back.

Each step carries the undo of all steps before it, so whoever refuses can take the whole chain back
without knowing it, and no step has to wait for another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from actors.runtime.outcome import Send
from protocol.addresses import Address
from protocol.errors import Refusal
from protocol.internal.sagas import SagaRefused
from protocol.limits import HOPS_MAX
from protocol.messages import Message, Origin, Undo

FreshId = Callable[[], UUID]


class ChainTooLong(Exception):
    """A chain of sends passed HOPS_MAX. It is a bug, and nothing of the step is done."""


def next_steps(
    sender: Address,
    cause: Message,
    sends: tuple[Send, ...],
    origin: Origin | None,
    *,
    now: datetime,
    fresh_id: FreshId,
) -> tuple[Message, ...]:
    """The messages of an outcome's sends. `origin` is None if nobody waits for their end.

    Raises:
        ChainTooLong: see there.
    """
    if not sends:
        return ()
    if cause.hops >= HOPS_MAX:
        raise ChainTooLong(f"{sender} would make a chain of more than {HOPS_MAX} sends")
    made = []
    for send in sends:
        in_saga = origin is not None and not send.detached
        assert in_saga or send.undo is None, "only a step of a saga can be taken back"
        before = cause.undo[:-1] if send.undoes_cause else cause.undo
        undo = cause.undo if send.undo is None else (*before, Undo(sender, send.undo))
        made.append(
            Message(
                id=fresh_id(),
                target=send.target,
                command=send.command,
                at=now,
                principal=cause.principal,
                origin=origin if in_saga else None,
                undo=undo if in_saga else (),
                hops=cause.hops + 1,
                urgent=send.urgent,
                fresh=send.fresh,
                provenance=cause.provenance,
            )
        )
    return tuple(made)


def taking_back(
    cause: Message, refusal: Refusal, origin: Origin | None, *, now: datetime, fresh_id: FreshId
) -> tuple[Message, ...]:
    """What undoes the steps before a refused one, last first.

    `origin` is told of the refusal after that, unless it is None because it refused itself.
    """
    steps = [
        Message(
            id=fresh_id(),
            target=undo.target,
            command=undo.command,
            at=now,
            principal=cause.principal,
            hops=cause.hops + 1,
            provenance=cause.provenance,
        )
        for undo in reversed(cause.undo)
    ]
    if origin is not None:
        steps.append(
            Message(
                id=fresh_id(),
                target=origin.address,
                command=SagaRefused(refusal=refusal),
                at=now,
                principal=cause.principal,
                origin=origin,
                hops=cause.hops + 1,
                provenance=cause.provenance,
            )
        )
    return tuple(steps)
