"""Where a tortured node lives: a disk of its own that can be filled to the last byte.

Root gets a file system in a file (ext4 through a loop device, else tmpfs), anybody else a tmpfs in
a namespace. Where neither is allowed it is a plain folder, and no cycle has a full disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from tests.torture.namespaces import own_disk

DISK_BYTES: Final = 3 * 1024**3
"""Room for the journal's reserve, the cluster, and some hours of evenings."""
_NAME: Final = "lastlight-torture-"
_CHUNK: Final = 8 * 1024**2
_LEAST: Final = 4_096


def _log_beside(place: Place) -> Path:
    return place.folder.parent / "node.log"


@attrs.frozen(kw_only=True)
class Place:
    """A folder for nodes. `bounded` says whether it is a disk by itself. Made by `open_place`."""

    folder: Path
    bounded: str | None = None
    log: Path = attrs.field(default=attrs.Factory(_log_beside, takes_self=True))
    """What a node says is kept elsewhere, as an operator's machine has it."""

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free, except for root."""
        assert self.bounded is not None
        size = _CHUNK
        with self._ballast.open("ab", buffering=0) as ballast:
            while size >= _LEAST:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), size)
                except OSError:
                    size //= 2

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    def keep(self, data_dir: Path, log: Path, name: str) -> Path:
        """Copy a data directory to where it outlives this place."""
        kept = Path(tempfile.mkdtemp(prefix=f"lastlight-torture-{name}-"))
        self.free()
        (data_dir / "journal" / "reserve").unlink(missing_ok=True)
        subprocess.run(["cp", "-a", str(data_dir), str(log), str(kept)], check=False)
        return kept


def _mounted(folder: Path, image: Path) -> str | None:
    """Put a file system of DISK_BYTES at a folder; what it is, or None if that is not allowed."""
    if os.geteuid() != 0:
        return None
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    # No blocks kept back for root: PostgreSQL and the node are to meet the end at the same time.
    made = _runs("mkfs.ext4", "-q", "-m", "0", str(image))
    if made and _runs("mount", "-o", "loop", str(image), str(folder)):
        return "ext4"
    if _runs("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)):
        return "tmpfs"
    return None


def _runs(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def open_place() -> Iterator[Place]:
    """A folder, on a disk of its own where that is allowed, until left."""
    outside = Path(tempfile.mkdtemp(prefix=_NAME))
    outside.chmod(0o711)
    if (disk := own_disk()) is not None:
        # It ends with its namespace. Processes are told by the folder's name, so it has one.
        folder = Path(tempfile.mkdtemp(prefix=_NAME, dir=disk))
        bounded: str | None = "tmpfs in a namespace"
        unmount = False
    else:
        folder = outside / "disk"
        folder.mkdir(mode=0o711)
        bounded = _mounted(folder, outside / "image")
        unmount = bounded is not None
    folder.chmod(0o711)
    try:
        yield Place(folder=folder, bounded=bounded, log=outside / "node.log")
    finally:
        if unmount and not _runs("umount", str(folder)):
            _runs("umount", "-l", str(folder))
        shutil.rmtree(outside, ignore_errors=True)
