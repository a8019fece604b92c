"""The journal's directory: who may open it, what lies in it, and the room kept for emergencies.

The directory is readable by its owner only, and one process at a time holds its lock. The reserve
is a preallocated file that a running node holds and gives up when the disk is full, so that the
emergencies of the minutes until someone frees space can still be made durable.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import Final

__all__ = [
    "SUFFIX",
    "UNFINISHED",
    "disk_bytes",
    "give_up_reserve",
    "hold_reserve",
    "is_disk_full",
    "lock_directory",
    "segment_paths",
    "sync_directory",
    "unlink",
    "unlock",
]

SUFFIX: Final = ".segment"
UNFINISHED: Final = "unfinished"
_LOCK: Final = "lock"
_RESERVE: Final = "reserve"


def lock_directory(directory: Path) -> int:
    """Make the directory if needed, close it to others, and lock it; returns the descriptor.

    Raises:
        BlockingIOError: another process has the journal open.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    descriptor = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def segment_paths(directory: Path) -> list[Path]:
    """The segments of a journal, oldest first; what a crash left half made or half removed goes."""
    for path in directory.glob(f"{UNFINISHED}*"):
        path.unlink()
    for log in directory.glob(f"*{SUFFIX}-wal"):
        if not log.with_suffix(SUFFIX).exists():
            log.unlink()
    return sorted(directory.glob(f"*{SUFFIX}"))


def unlink(path: Path) -> None:
    """Remove a segment: the file before its log, which alone is no segment any more."""
    for name in (str(path), f"{path}-wal", f"{path}-journal"):
        Path(name).unlink(missing_ok=True)


def disk_bytes(path: Path) -> int:
    """What a segment takes on disk, its log included."""
    size = path.stat().st_size
    with contextlib.suppress(FileNotFoundError):
        size += os.stat(f"{path}-wal").st_size
    return size


def sync_directory(directory: Path) -> None:
    """Make names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hold_reserve(directory: Path, *, reserve_bytes: int, spare_bytes: int) -> bool:
    """Preallocate the room for emergencies; False if the disk has no room for it.

    `spare_bytes` must be free besides it, or the room just given up would be taken at once and
    the next ordinary commit would fail again.
    """
    path = directory / _RESERVE
    if path.exists() and path.stat().st_size == reserve_bytes:
        return True
    path.unlink(missing_ok=True)
    disk = os.statvfs(directory)
    if disk.f_bavail * disk.f_frsize < reserve_bytes + spare_bytes:
        return False
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        if reserve_bytes:
            os.posix_fallocate(descriptor, 0, reserve_bytes)
    except OSError as error:
        path.unlink()
        if is_disk_full(error):
            return False
        raise
    finally:
        os.close(descriptor)
    return True


def give_up_reserve(directory: Path) -> None:
    """Free the room for emergencies: the disk is full and they need it, or the node stops."""
    (directory / _RESERVE).unlink(missing_ok=True)


def is_disk_full(error: OSError) -> bool:
    """Whether an error of the file system only says that there is no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def unlock(descriptor: int) -> None:
    """Let another process open the journal."""
    os.close(descriptor)
