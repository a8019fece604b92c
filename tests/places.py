"""Where tests keep what they make: in memory where there is plenty, and once for all workers.

A node waits for the disk at every commit, and copies of databases are many gigabytes in a run; but
no test cuts the power, so none can tell a file in memory from one on a disk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parent.parent
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders in it have names of their own
IN_MEMORY_BYTES_MIN: Final = 8 * 1024**3
"""So much must be free there, or a run could take the memory that its processes need."""
SHARED: Final = "TEST_LASTLIGHT_SHARED"
"""The environment's name for the folder of the run, which workers have from who started them."""


def new_folder(purpose: str) -> Path:
    """A folder that the maker removes; passable, since PostgreSQL may run as another user.

    Not pytest's, whose parents PostgreSQL's user may not pass through. Who sets TMPDIR is obeyed.
    """
    parent = None
    if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK | os.X_OK):
        parent = IN_MEMORY if shutil.disk_usage(IN_MEMORY).free >= IN_MEMORY_BYTES_MIN else None
    made = Path(tempfile.mkdtemp(prefix=f"lastlight-{purpose}-", dir=parent))
    made.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return made


@contextmanager
def open_shared_folder() -> Iterator[None]:
    """Have a folder that all workers of this run find by `shared_once`."""
    folder = new_folder("run")
    os.environ[SHARED] = str(folder)
    try:
        yield
    finally:
        del os.environ[SHARED]
        shutil.rmtree(folder)


@contextmanager
def shared_once(name: str) -> Iterator[tuple[Path, bool]]:
    """A folder of all workers, and whether it is there already; else it is for the block to fill.

    One worker at a time: the others wait until it is there. A block that fails leaves nothing.
    """
    place = Path(os.environ[SHARED]) / name
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        was_there = place.exists()
        try:
            if not was_there:
                place.mkdir()
                place.chmod(0o711 if os.geteuid() == 0 else 0o700)
            yield place, was_there
        except BaseException:
            if not was_there:
                shutil.rmtree(place)
            raise
