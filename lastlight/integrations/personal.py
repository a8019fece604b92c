"""Copies of a person's data as files, and the last of an erasure: done outside of any actor.

A copy is a zip of JSON, one file per table and page, written beside and moved in whole; it belongs
to the node's user alone. What can't be done now is told as such, and the account has it done again.
"""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import attrs
import structlog
import trio

from actors.runtime.effect_terms import EffectTerms, Lane
from actors.runtime.outcome import Send
from lastlight.integrations.performing import Perform
from protocol.addresses import ActorKind, Address, Position
from protocol.background_limits import EXPORT_TRY_S
from protocol.commands import Command
from protocol.domain_limits import EXPORT_BYTES_MAX
from protocol.errors import LastLightError
from protocol.internal.accounts import (
    DropExport,
    ExportMade,
    MakeExport,
    ScrubTables,
    TablesScrubbed,
)
from protocol.messages import Message
from storage.postgres.personal import PersonalTables

log = structlog.get_logger(__name__)
_LANE: Final = Lane("exports", 2)
PERSONAL_TERMS: Final[Mapping[type[Command], EffectTerms]] = {
    MakeExport: EffectTerms(lane=_LANE, try_s=EXPORT_TRY_S),
    DropExport: EffectTerms(lane=_LANE),
    ScrubTables: EffectTerms(lane=_LANE, try_s=EXPORT_TRY_S),
}
"""A copy of years takes its time, and nobody waits for it."""
_CHUNK_BYTES: Final = 64 * 1024


class ExportTooLarge(LastLightError):
    """More is held about somebody than one file may have. Nothing was kept."""


@attrs.frozen(kw_only=True, eq=False)
class PersonalData:
    """Makes and drops copies in `folder`; `durable` tells how far the journal is."""

    tables: PersonalTables
    durable: Callable[[], Position]
    folder: Path

    def performers(self) -> Mapping[type[Command], Perform]:
        """What is done for which command."""
        return {
            MakeExport: self.make_export,
            DropExport: self.drop_export,
            ScrubTables: self.scrub_tables,
        }

    async def make_export(self, message: Message) -> Sequence[Send]:
        """Put everything about a person into a file; without one, it could not be made."""
        asked = cast("MakeExport", message.command)
        file_ref: str | None = f"{asked.job_id}.zip"
        try:
            await self._write(asked.user_id, self.folder / f"{asked.job_id}.zip")
        except (LastLightError, OSError) as error:
            log.error("export_not_made", job=str(asked.job_id), reason=str(error))
            file_ref = None
        made = ExportMade(job_id=asked.job_id, file_ref=file_ref)
        return (Send(Address(ActorKind.ACCOUNT, asked.user_id), made),)

    async def drop_export(self, message: Message) -> Sequence[Send]:
        """Delete a copy."""
        asked = cast("DropExport", message.command)
        await trio.Path(self._path_of(asked.file_ref)).unlink(missing_ok=True)
        return ()

    async def scrub_tables(self, message: Message) -> Sequence[Send]:
        """Take out of the tables what no actor holds of an erased person."""
        asked = cast("ScrubTables", message.command)
        done = True
        try:
            await self.tables.scrub(asked.user_id, asked.pseudonym, self.durable())
        except LastLightError as error:
            log.warning("scrub_waits", job=str(asked.job_id), reason=str(error))
            done = False
        told = TablesScrubbed(job_id=asked.job_id, done=done)
        return (Send(Address(ActorKind.ACCOUNT, asked.user_id), told),)

    async def read(self, file_ref: str) -> AsyncGenerator[bytes, None] | None:
        """A copy in chunks, or None if it is not there any more."""
        path = trio.Path(self._path_of(file_ref))
        return _chunks(path) if await path.is_file() else None

    def _path_of(self, file_ref: str) -> Path:
        return self.folder / Path(file_ref).name

    async def _write(self, user_id: UUID, path: Path) -> None:
        beside = path.with_suffix(".part")
        archive = await trio.to_thread.run_sync(self._open_archive, beside)
        written, pages_of = 0, Counter[str]()
        try:
            with archive:
                async with aclosing(self.tables.rows_about(user_id, self.durable())) as pages:
                    async for table, rows in pages:
                        pages_of[table] += 1
                        page = pages_of[table]
                        text = "[\n" + ",\n".join(rows) + "\n]\n"
                        written += len(text)
                        if written > EXPORT_BYTES_MAX:
                            raise ExportTooLarge(
                                f"more than {EXPORT_BYTES_MAX} bytes are held about user {user_id}"
                            )
                        name = f"{table}.json" if page == 1 else f"{table}-{page}.json"
                        await trio.to_thread.run_sync(archive.writestr, name, text)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _open_archive(self, path: Path) -> zipfile.ZipFile:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)


async def _chunks(path: trio.Path) -> AsyncGenerator[bytes, None]:
    async with await trio.open_file(path, "rb") as file:
        while chunk := await file.read(_CHUNK_BYTES):
            yield chunk
