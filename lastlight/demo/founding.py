"""Founds the demo venue once, in a node that has no venue.

It goes through the journal like everything else, so the demo is nothing that the node treats in a
special way. All accounts share one password hash: hashing 507 would take two minutes.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs
import structlog

from actors.runtime.ports import Clock, Flushed, Journal, Loader
from lastlight.auth.passwords import Passwords
from lastlight.demo.fixture import demo_entries
from protocol.addresses import ActorKind, Position
from protocol.entries import encode_entry
from protocol.journal import Urgency

DEMO_PASSWORD: Final = "last-light-demo"  # noqa: S105 - printed in the README for everybody

log = structlog.get_logger(__name__)


class WaitingJournal(Journal, Protocol):
    """A journal on which a caller can wait."""

    async def wait_durable(self, position: Position) -> None:
        """Wait until `position` is durable.

        Raises:
            CommitLost: it never will be.
        """
        ...


@attrs.frozen(eq=False)
class Founder:
    """Writes the demo's entries."""

    journal: WaitingJournal
    flushed: Flushed
    loader: Loader
    passwords: Passwords
    clock: Clock

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
