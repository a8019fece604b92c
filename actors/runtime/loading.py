"""Bringing an actor in: its rows, and over them what the database does not hold yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from protocol.addresses import Position
from protocol.entries import Entry, decode_entry
from protocol.errors import LastLightError
from protocol.limits import ENTRY_BYTES_MAX
from protocol.reads import Loaded
from protocol.records.base import RECORDS, Record
from protocol.records.platform import ActorTimer, IdempotencyKey

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.generation import Ports

log = structlog.get_logger(__name__)


async def load(actor: Actor) -> None:
    """Fill an actor's state. A fresh one, named just now by another, has nothing to load.

    Raises:
        LastLightError: the database is away. The actor is unchanged.
    """
    generation = actor.generation
    rooms = generation.rooms
    if not actor.fresh:
        loaded, unflushed = await _read(actor)
        take_in(actor, loaded.records)
        for entry in unflushed:
            take_in(actor, entry.changes)
            leave_out(actor, entry.removes)
    if actor.state.exists:
        await rooms.ensure(actor.behaviour.rooms(actor.state))
    generation.noticed(actor, tuple(actor.state))


async def reload(actor: Actor) -> bool:
    """Replace a state that is not trusted any more by what is written; whether that was done.

    While the database is away the old state stays: it is what was answered from until now. It also
    stays where the database refused rows of it, as it is the only one that has them.
    """
    if actor.generation.ports.flushed.keeps(actor.address):
        log.warning("not_reloaded", actor=str(actor.address), reason="its rows were refused")
        return False
    before = actor.state, dict(actor.timers)
    actor.state, actor.fresh = actor.behaviour.state(actor.address), False
    actor.timers.clear()
    actor.restarts += 1
    try:
        await load(actor)
    except LastLightError as error:
        log.warning("reload_failed", actor=str(actor.address), reason=str(error))
        actor.state = before[0]
        actor.timers.update(before[1])
        return False
    return True


async def _read(actor: Actor) -> tuple[Loaded, list[Entry]]:
    """The actor's rows, and its own entries that these don't show.

    Which entries it has is noted before the rows are asked for: the write-behind goes on meanwhile,
    and what it has brought in is in the tail no more, and perhaps not even in the journal.
    """
    generation = actor.generation
    own = generation.tail.after(0, actor.address)
    while True:
        loaded = await generation.ports.loader.load(actor.address, actor.behaviour.reads)
        unflushed = [n for n in own if n > loaded.flushed]
        if unflushed:
            await generation.gate.wait_durable(unflushed[-1])
        entries: list[Entry] = []
        for n in unflushed:
            if (entry := await _entry(generation.ports, n)) is None:
                break
            entries.append(entry)
        if len(entries) == len(unflushed):
            return loaded, entries


async def _entry(ports: Ports, n: int) -> Entry | None:
    """An entry, or None if it was brought into the database and let go of."""
    journal = ports.journal
    before = Position(journal.journal_id, n - 1)
    found: Sequence[tuple[Position, bytes]] = ()
    # No longer kept is a ValueError; what else that could be is told apart right below.
    with suppress(ValueError):
        found = await journal.read(before, entries_max=1, bytes_max=ENTRY_BYTES_MAX)
    if found and found[0][0].n == n:
        return decode_entry(found[0][1])
    assert ports.flushed.flushed.n >= n, f"entry {n} is neither kept nor flushed"
    return None


def take_in(actor: Actor, records: Iterable[Record]) -> None:
    """Put new and changed records where they belong: keys, timers, or the state."""
    for row in records:
        if isinstance(row, IdempotencyKey):
            actor.keys.put(row)
        elif isinstance(row, ActorTimer):
            actor.timers[row.name] = row
        else:
            actor.state.put(row)


def leave_out(actor: Actor, removes: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
    """Take removed rows out of keys, timers or the state."""
    for table, key in removes:
        if table == ActorTimer.table.name:
            actor.timers.pop(key[-1], None)
        elif table == IdempotencyKey.table.name:
            actor.keys.discard(key[2:])
        else:
            actor.state.discard(RECORDS[table], key)
