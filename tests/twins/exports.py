"""Copies of people's data in memory: made, handed out and dropped as files are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final, cast

import attrs

from actors.runtime.outcome import Send
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.internal.accounts import DropExport, ExportMade, MakeExport
from protocol.messages import Message
from tests.twins.outside import Answer

EMPTY_ZIP: Final = b"PK\x05\x06" + bytes(18)
"""What is in a copy is PostgreSQL's, and tested there."""


@attrs.define(eq=False)
class MemoryExports:
    """The folder of a node; it outlives the node."""

    files: dict[str, bytes] = attrs.field(factory=dict)

    def answers(self) -> dict[type[Command], Answer]:
        """By the class of what is asked."""
        return {MakeExport: self.make_export, DropExport: self.drop_export}

    async def make_export(self, message: Message) -> Sequence[Send]:
        """See `PersonalData.make_export`."""
        asked = cast("MakeExport", message.command)
        file_ref = f"{asked.job_id}.zip"
        self.files[file_ref] = EMPTY_ZIP
        made = ExportMade(job_id=asked.job_id, file_ref=file_ref)
        return (Send(Address(ActorKind.ACCOUNT, asked.user_id), made),)

    async def drop_export(self, message: Message) -> Sequence[Send]:
        """See `PersonalData.drop_export`."""
        self.files.pop(cast("DropExport", message.command).file_ref, None)
        return ()

    async def read(self, file_ref: str) -> AsyncGenerator[bytes, None] | None:
        """See `PersonalData.read`."""
        held = self.files.get(file_ref)
        return None if held is None else _whole(held)


async def _whole(held: bytes) -> AsyncGenerator[bytes, None]:
    yield held
