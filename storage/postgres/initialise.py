"""Makes PostgreSQL's data directory, once, so that it appears whole or not at all.

`initdb` runs in a folder beside it that is renamed at the end: a node killed half way leaves
something that the next start throws away.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

import trio

from storage.postgres.errors import EmbeddedServerUnusable
from storage.postgres.place import POSTGRES_MAJOR, Place

__all__ = ["DATABASE", "USER", "initialise"]

USER: Final = "lastlight"
DATABASE: Final = "lastlight"
OUTPUT_BYTES: Final = 2_000
"""So much of a failed program's output goes into the error."""


async def initialise(place: Place) -> None:
    """Make the data directory and the database, once; a directory half made is made again."""
    version_file = place.cluster / "PG_VERSION"
    if version_file.exists():
        if (version := version_file.read_text().strip()) != POSTGRES_MAJOR:
            raise EmbeddedServerUnusable(
                f"{place.cluster} was made by PostgreSQL {version}, this release brings"
                f" {POSTGRES_MAJOR}; dump it with the old release and restore it with this one"
            )
        return
    unfinished = place.folder / "cluster.new"
    if unfinished.exists():
        await trio.to_thread.run_sync(shutil.rmtree, unfinished)
    folder = str(unfinished)
    await _run(
        place,
        *("initdb", "-D", folder, "-U", USER, "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=libc", "--no-instructions"),
    )
    statement = f"create database {DATABASE}\n".encode()
    await _run(place, "postgres", "--single", "-D", folder, "postgres", stdin=statement)
    unfinished.rename(place.cluster)


async def _run(place: Place, program: str, *arguments: str, stdin: bytes = b"") -> None:
    """Run a program of PostgreSQL's as its user.

    Raises:
        EmbeddedServerUnusable: it failed; the message has its words.
    """
    finished = await trio.run_process(
        [str(place.binaries / program), *arguments],
        stdin=stdin,
        capture_stdout=True,
        stderr=subprocess.STDOUT,
        check=False,
        cwd="/",
        env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
        umask=0o077,
        start_new_session=True,
        user=place.uid,
        group=place.gid,
        extra_groups=None if place.uid is None else [],
    )
    if finished.returncode != 0:
        words = finished.stdout[-OUTPUT_BYTES:].decode(errors="replace").strip()
        raise EmbeddedServerUnusable(f"{program} failed on {place.folder}: {words}")
