"""Becomes PostgreSQL: run as a script, it drops root, ties itself to the node, and execs.

It stands between the node and `postgres` because a child may ask to be told of its parent's death
only after it changed its user, and because running Python between fork and exec in a process with
threads can hang. It imports nothing of the project. Nothing relies on the tie: a server that
outlives its node is found and stopped by the next start.

Arguments: pid of the node, uid and gid (or `-` to stay), program and its arguments.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(parent_pid: int) -> None:
    """Ask Linux for SIGINT, PostgreSQL's fast shutdown, when the node dies. A no-op elsewhere."""
    if not sys.platform.startswith("linux"):
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    # The node may have died before the call, and then nobody would tell.
    if os.getppid() != parent_pid:
        sys.exit("the node has gone")


def main(arguments: list[str]) -> None:
    """Become the program named by `arguments`."""
    parent_pid, uid, gid, program, *rest = arguments
    if uid != "-":
        os.setgroups([int(gid)])
        os.setgid(int(gid))
        os.setuid(int(uid))
    os.umask(0o077)
    tie_to_parent(int(parent_pid))
    os.execv(program, [program, *rest])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
