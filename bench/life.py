"""A journal that PostgreSQL does not have: entries the size of small outcomes, written in a hurry.

The next start of a node must bring all of them into PostgreSQL before it is ready.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from bench.kit import demo_user_id
from lastlight.clocks import SystemClock, system_ids
from protocol.addresses import ActorKind, Address
from protocol.entries import Entry, RoomEvent, encode_entry
from protocol.journal import Urgency
from protocol.records.base import Record
from protocol.records.platform import AuditEntry
from storage.journal.opening import open_journal

ACTION: Final = "bench"
"""What each entry's one row says was done, by which PostgreSQL is asked for them."""


async def write_entries(directory: Path, count: int) -> float:
    """Append entries with one row and one event each; returns seconds."""
    ids = system_ids()
    actor = Address(ActorKind.ACCOUNT, demo_user_id("patron500"))
    began = time.perf_counter()
    async with open_journal(directory, clock=SystemClock()) as journal:
        position = journal.last
        for n in range(count):
            now = datetime.now(UTC).replace(microsecond=0)
            row: Record = AuditEntry(
                id=ids.fresh(),
                venue_id=None,
                at=now,
                actor_id=actor.id,
                role="patron",
                action=ACTION,
                object_type="entry",
                object_id=str(n),
            )
            event = RoomEvent(
                id=ids.fresh(),
                type="bench.written",
                venue_id=None,
                occurred_at=now,
                data={"n": n},
                rooms=((f"user:{UUID(int=1)}", n + 1),),
            )
            entry = Entry(actor=actor, at=now, cause=ids.fresh(), appends=(row,), events=(event,))
            position = journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
            if n % 1_000 == 0:
                await journal.wait_durable(position)
        await journal.wait_durable(position)
    return time.perf_counter() - began
