"""A disk of one's own without being root: a tmpfs in a mount namespace of this run alone.

Linux lets anybody be root in a namespace of users, who may mount there. The run itself goes on in
another one inside it, as the user who began it: neither PostgreSQL nor a node may think it is root.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

INSIDE: Final = "TORTURE_DISK"
"""Set in a run that has its disk already, to where that is mounted."""
_AT: Final = Path("/mnt")
"""Any folder that is everywhere; what is in it outside can't be seen inside, and is not touched."""
_MOUNT: Final = 'mount -t tmpfs -o mode=0711,size="$1" tmpfs "$2" && shift 2 && exec "$@"'


def own_disk() -> Path | None:
    """Where the disk of this run's namespace is, if it has one."""
    found = os.environ.get(INSIDE)
    return None if found is None else Path(found)


def go_inside(disk_bytes: int) -> None:
    """Begin this program anew where it has a disk; comes back if that is not allowed here."""
    if os.geteuid() == 0 or own_disk() is not None:
        return
    me = ["unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]
    inside = ["unshare", "--user", "--mount", "--map-root-user", "sh", "-c", _MOUNT, "sh"]
    inside += [str(disk_bytes), str(_AT), *me]
    try:
        subprocess.run([*inside, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    program = [sys.executable, *sys.orig_argv[1:]]
    os.environ[INSIDE] = str(_AT)
    os.execvp(inside[0], [*inside, *program])  # noqa: S606 - this program again
