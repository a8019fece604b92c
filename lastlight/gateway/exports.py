"""Hands out the copy of a person's data, to that person and nobody else (Rule 16)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

import attrs
import msgspec

from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Refused
from lastlight.gateway.media import ZIP, Document
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.accounts import ExportFile, ReadExport
from protocol.operations.users import DownloadExport

ReadFile = Callable[[str], Awaitable[AsyncGenerator[bytes, None] | None]]
"""A file of copies in chunks, or None if it is not there."""
FILE_NAME: Final = "last-light-data.zip"


async def no_file(file_ref: str) -> AsyncGenerator[bytes, None] | None:
    """For a node that keeps no files."""
    return None


@attrs.frozen(kw_only=True, eq=False)
class Exports:
    """Answers DownloadExport."""

    node: Node
    read: ReadFile

    async def download(self, call: Call) -> Answer:
        """The file, if it is the caller's and still there.

        Raises:
            Refused: 404.
            LastLightError: the account can't be asked now.
        """
        command = call.command
        assert isinstance(command, DownloadExport), f"{call.operation.name} downloads nothing"
        account = Address(ActorKind.ACCOUNT, call.signed_in.user_id)
        found = await self.node.ask(account, ReadExport(job_id=command.job_id), principal=None)
        if found.refusal is not None:
            raise Refused(found.refusal)
        file = msgspec.json.decode(found.body, type=ExportFile)
        stream = await self.read(file.file_ref)
        if stream is None:
            detail = f"the copy {command.job_id} is not there any more; ask for another"
            raise Refused(Refusal(Code.NOT_FOUND, detail))
        return Document(status=200, media=ZIP, stream=stream, filename=FILE_NAME)
