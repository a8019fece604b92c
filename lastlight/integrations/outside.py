"""Messages to people, kept in a folder of this machine as long as no provider delivers them.

A maildir in all but the format: a message is written beside and moved in whole, one file each,
readable by the node's user alone, for codes and addresses are in them. Logs have neither. A
message that is performed again after a crash is the same file again. The folder is bounded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
import trio

from actors.runtime.outcome import Send
from protocol.chains import rfc3339
from protocol.codec import to_json
from protocol.commands import Command
from protocol.internal.emergencies import AlertPeople
from protocol.internal.people import SendNotice
from protocol.limits import MAIL_BYTES_MAX, MAIL_FILES_MAX
from protocol.messages import Message

log = structlog.get_logger(__name__)
_TRIES: Final = 3
_AGAIN_S: Final = 0.2


class Outside:
    """Performs effects by leaving them in a mailbox folder."""

    def __init__(self, folder: Path, *, files_max: int = MAIL_FILES_MAX) -> None:
        self._new = folder / "new"
        self._tmp = folder / "tmp"
        self._files_max = files_max
        # One writer at a time, so that the bound is counted right.
        self._writing = trio.Lock()

    async def perform(self, message: Message) -> Sequence[Send]:
        """Leave a message in the folder, and a line in the log that names nobody's secret.

        What can't be kept after a few tries is given up and logged as an error: whoever waits for
        the effect can do nothing about a disk. Nobody is told anything.
        """
        command = message.command
        if not isinstance(command, SendNotice | AlertPeople):
            log.error("effect_unknown", command=type(command).__name__, message=str(message.id))
            return ()
        body = to_json(
            {
                "message_id": message.id,
                "at": rfc3339(message.at),
                "kind": type(command).__name__,
                "message": command,
            }
        )
        if len(body) > MAIL_BYTES_MAX:
            log.error("mail_too_long", message=str(message.id), bytes=len(body), **_about(command))
            return ()
        for left in reversed(range(_TRIES)):
            try:
                async with self._writing:
                    await trio.to_thread.run_sync(self._keep, _name_of(message), body)
            except OSError as error:
                if not left:
                    log.error("mail_not_kept", reason=error.strerror, **_about(command))
                    return ()
                await trio.sleep(_AGAIN_S)
            else:
                log.info("mail_kept", message=str(message.id), **_about(command))
                return ()
        return ()

    def _keep(self, name: str, body: bytes) -> None:
        for folder in (self._new.parent, self._new, self._tmp):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        beside = self._tmp / name
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._new / name)
        # Names begin with the time, so the first ones are the oldest.
        kept = sorted(entry.name for entry in os.scandir(self._new))
        for old in kept[: max(0, len(kept) - self._files_max)]:
            (self._new / old).unlink(missing_ok=True)


def _name_of(message: Message) -> str:
    """One name per message, however often it is performed; in the order in which they were sent."""
    return f"{int(message.at.timestamp() * 1000):015d}.{message.id}.json"


def _about(command: Command) -> dict[str, object]:
    """What a log may say of a message: no address, no text, no code."""
    match command:
        case SendNotice():
            return {"notice": command.kind, "user": str(command.user_id)}
        case AlertPeople():
            return {
                "incident": str(command.incident_id),
                "venue": str(command.venue_id),
                "tier": command.tier,
                "reason": command.reason,
                "groups": {group.audience: group.channels for group in command.groups},
            }
    raise AssertionError(f"{type(command).__name__} is no message to people")
