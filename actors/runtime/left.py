"""Commands that were journaled without their actor: emergencies, whose raisers were answered.

Until such a command is durable it is remembered here, because the commit may be lost and nobody
would say it again. It is written again then, under the same name, so it is handled once.
"""

from __future__ import annotations

import structlog

from actors.runtime.ports import Journal
from protocol.addresses import PLATFORM
from protocol.entries import Entry, encode_entry
from protocol.journal import CommitLost, JournalFull, Urgency
from protocol.limits import LEFT_COMMANDS_MAX
from protocol.messages import Message

log = structlog.get_logger(__name__)


class LeftCommands:
    """What was left lately, by the place of its entry in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._written: list[tuple[int, Message]] = []
        """In order; also what is durable but may not have been flushed when a start looked."""
        self._unwritten: list[Message] = []
        """Those that came between a lost commit and the recovery."""

    def write(self, message: Message) -> int | None:
        """Journal a message; returns its place, or None if it gets one after the recovery.

        Raises:
            JournalFull: there is no room. Nothing was done.
            CommitLost: LEFT_COMMANDS_MAX wait for the recovery already. Nothing was done.
        """
        try:
            position = self._append(message)
        except CommitLost as error:
            if len(self._unwritten) >= LEFT_COMMANDS_MAX:
                raise
            log.warning("left_command_waits", message=str(message.id), reason=str(error))
            self._unwritten.append(message)
            return None
        self._written.append((position, message))
        del self._written[:-LEFT_COMMANDS_MAX]
        return position

    def write_again(self) -> None:
        """After the recovery: write what was lost and what could not be written meanwhile."""
        durable = self._journal.durable.n
        lost = [message for position, message in self._written if position > durable]
        self._written = [kept for kept in self._written if kept[0] <= durable]
        waiting, self._unwritten = [*lost, *self._unwritten], []
        for message in waiting:
            try:
                self.write(message)
            except (CommitLost, JournalFull) as error:
                log.error("left_command_lost", message=str(message.id), reason=str(error))

    def after(self, flushed: int) -> tuple[tuple[int, Message], ...]:
        """Those that a start, which read what is pending at `flushed`, did not find there."""
        return tuple(kept for kept in self._written if kept[0] > flushed)

    def _append(self, message: Message) -> int:
        entry = Entry(actor=PLATFORM, at=message.at, cause=None, sends=(message,))
        return self._journal.append_nowait(encode_entry(entry), urgency=Urgency.EMERGENCY).n
