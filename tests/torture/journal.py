"""What a node has ever written down, read past it while it runs: copies of its journal's segments.

The segment that is written is locked for the node, so a copy is opened. A copy may catch it in the
middle of something; then it ends early, and the next one goes on from there.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

from storage.journal import segment
from storage.journal.files import SUFFIX
from tests.simulation.disks import KeepingDisk

_ALL: Final = 2**62


@attrs.define(eq=False)
class JournalCopy:
    """All entries of the journal in a directory, of which none is removed in one evening."""

    directory: Path
    disk: KeepingDisk = attrs.field(factory=KeepingDisk)
    last_n: int = 0

    def read_on(self) -> None:
        """Take down what was written since the last time, as far as that can be read just now."""
        paths = sorted(self.directory.glob(f"*{SUFFIX}"))
        unread = [path for path in paths if int(path.stem) > self.last_n]
        # The newest of those that were begun may have gone on.
        unread = [*paths[: len(paths) - len(unread)][-1:], *unread]
        for path in unread:
            try:
                if not self._read(path):
                    return
            except (sqlite3.Error, OSError, ValueError):
                return

    def _read(self, path: Path) -> bool:
        """Take down one segment; False if the one before has more than was seen."""
        with tempfile.TemporaryDirectory(prefix="lastlight-torture-journal-") as folder:
            copy = Path(folder) / path.name
            # The log last: what is copied out of it meanwhile is in neither, and is missed below.
            shutil.copyfile(path, copy)
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
            if segment.load(copy).previous_n > self.last_n:
                return False
            found = segment.read(copy, after_n=self.last_n, entries_max=_ALL, bytes_max=_ALL)
        for n, data in found:
            self.disk.history.append(data)
            self.last_n = n
        return True
