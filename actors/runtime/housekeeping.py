"""What keeps a node from growing: idle actors go, and of those that stay, rows of the past.

A row that a load would leave out now is forgotten, at the earliest ACTOR_IDLE_S later: so whoever
is never idle for long knows what everybody else knows after being loaded anew, and nothing piles up
in the course of a night. Nothing is forgotten that the database does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import trio

from actors.runtime.state import State
from protocol.addresses import ActorKind
from protocol.limits import ACTOR_IDLE_S
from protocol.reads import Read, meets
from protocol.records.base import Record

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.generation import Generation

_SWEEP_S = 30.0
_CHUNK = 500


async def sweep(generation: Generation) -> None:
    """Look after all actors, for ever."""
    while True:
        await trio.sleep(_SWEEP_S)
        for at, actor in enumerate(list(generation.residents.by_address.values())):
            if at % _CHUNK == 0:
                await trio.lowlevel.checkpoint()
            if not _is_at_rest(generation, actor) or _retire(generation, actor):
                continue
            if _trim(actor, generation.now()):
                await trio.lowlevel.checkpoint()


def _is_at_rest(generation: Generation, actor: Actor) -> bool:
    """Whether it does nothing now and the database holds all that it knows."""
    address = actor.address
    return (
        actor.idle
        and not generation.tail.holds(address)
        and not generation.ports.flushed.keeps(address)
    )


def _retire(generation: Generation, actor: Actor) -> bool:
    """Let go of an actor that nobody used for ACTOR_IDLE_S, or where nobody is."""
    if actor.behaviour.resident:
        return False
    if trio.current_time() - actor.last_used < ACTOR_IDLE_S and actor.state.exists:
        return False
    rooms = actor.behaviour.rooms(actor.state) if actor.state.exists else ()
    actor.retire()
    generation.forget(actor)
    if actor.address.kind is ActorKind.ACCOUNT:
        generation.rooms.forget(rooms, generation.ports.flushed.flushed.n)
    return True


def _trim(actor: Actor, now: datetime) -> bool:
    """Forget what was marked last time and is as it was then; mark what is to go next time."""
    if trio.current_time() - actor.trimmed_at < ACTOR_IDLE_S:
        return False
    actor.trimmed_at = trio.current_time()
    # The marked rows are held, so that what is compared is the very same row.
    marked = {id(row) for row in actor.surplus}
    surplus = tuple(left_out(actor.state, actor.behaviour.reads, now))
    for row in surplus:
        if id(row) in marked:
            actor.state.discard(type(row), row.primary_key)
    actor.surplus = tuple(row for row in surplus if id(row) not in marked)
    return True


def left_out(state: State, reads: Sequence[Read], now: datetime) -> Iterator[Record]:
    """The rows of a state that a load would not bring in now."""
    id_, now_s = state.address.id, now.timestamp()
    by_record: dict[type[Record], list[Read]] = {}
    for read in reads:
        by_record.setdefault(read.record, []).append(read)
    for row in state:
        if not any(
            (read.by is None or getattr(row, read.by) == id_)
            and all(meets(row, condition, now_s) for condition in read.where)
            for read in by_record.get(type(row), ())
        ):
            yield row
