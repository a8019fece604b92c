"""Founds the demo venue once, in a node that has no venue.

It goes through the journal like everything else, so the demo is nothing that the node treats in a
special way. All accounts share one password hash: hashing 507 would take two minutes.
"""

from __future__ import annotations

from typing import Final

import attrs
import structlog

from lastlight.auth.passwords import Passwords
from lastlight.clocks import SystemClock
from lastlight.demo.fixture import demo_entries
from protocol.addresses import ActorKind
from protocol.entries import encode_entry
from protocol.journal import Urgency
from storage.journal.journal import SqliteJournal
from storage.postgres.loader import PostgresLoader
from storage.write_behind.write_behind import WriteBehind

DEMO_PASSWORD: Final = "last-light-demo"  # noqa: S105 - printed in the README for everybody

log = structlog.get_logger(__name__)


@attrs.frozen(eq=False)
class Founder:
    """Writes the demo's entries."""

    journal: SqliteJournal
    flushed: WriteBehind
    loader: PostgresLoader
    passwords: Passwords
    clock: SystemClock

    async def found(self) -> None:
        """Found the demo venue, unless there is a venue."""
        residents = await self.loader.residents()
        if any(address.kind is ActorKind.VENUE for address in residents):
            return
        password_hash = await self.passwords.hash(DEMO_PASSWORD)
        position = self.journal.last
        for entry in demo_entries(self.clock.now(), password_hash):
            data = encode_entry(entry)
            position = self.journal.append_nowait(data, urgency=Urgency.COMMAND)
        await self.journal.wait_durable(position)
        await self.flushed.wait_flushed(position)
        log.info("demo_founded")
