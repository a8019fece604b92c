"""Nodes without waiting for imports: forked from a process that has imported what a node imports.

Importing is most of what a start costs, and tests start nodes about a hundred times. What is
forked has no thread and no loop yet, and from there on does what the console script does, in a
session, with an environment, a folder and files of its own. It dies with whoever asked for it.

Run as a program, it is that process: it reads a line of JSON and answers with one; `{"start": ...}`
by a pid, `{"poll": pid}` by an exit status or null.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from tests.places import REPOSITORY

LOOK_AGAIN_S: Final = 0.01


class Forked:
    """A process as `subprocess.Popen` shows one, so far as tests need it."""

    def __init__(self, nest: Nest, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nest = nest

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._nest.ask({"poll": self.pid})
        return self.returncode

    def wait(self) -> int:
        """Block until it has ended."""
        while (status := self.poll()) is None:
            time.sleep(LOOK_AGAIN_S)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is known to have ended: until then its pid is nobody else's."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As `kill -9` does."""
        self.send_signal(signal.SIGKILL)


class Nest:
    """The process that forks, for this one; it goes when this one goes, and so do its nodes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            text=True,
            start_new_session=True,
        )

    def start(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Run the command line with `words`; what it says goes to the end of `log`."""
        said = {"start": list(words), "environment": dict(environment), "log": str(log)}
        return Forked(self, self.ask(said))

    def ask(self, said: Mapping[str, Any]) -> Any:
        """Send one line, and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(f"{json.dumps(said)}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the process that forks nodes has ended; its last words are above"
        return json.loads(answer)


def become(words: Sequence[str], environment: Mapping[str, str], log: str) -> NoReturn:
    """Be a node, in the child: nothing of the parent's is open, and its lines go to the log."""
    os.setsid()
    for path, flags, number in (
        (os.devnull, os.O_RDONLY, 0),
        (log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 1),
    ):
        opened = os.open(path, flags, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    from lastlight.cli import main  # noqa: PLC0415 - the parent has imported it by now

    status: object = 1
    try:
        status = main(words)
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - a process that is no fork would show it as well
        sys.excepthook(*sys.exc_info())
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def ended(pid: int) -> int | None:
    """The exit status of a child, or None."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return None if found == 0 else os.waitstatus_to_exitcode(status)


def serve(said: TextIO, answers: TextIO) -> None:
    """Answer lines until their end."""
    running = set[int]()
    for line in said:
        asked = json.loads(line)
        if "poll" in asked:
            answer = ended(asked["poll"])
            if answer is not None:
                running.discard(asked["poll"])
        else:
            answer = os.fork()
            if answer == 0:
                os.close(answers.fileno())
                become(asked["start"], asked["environment"], asked["log"])
            running.add(answer)
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def run() -> None:
    """Import what a node does, and leave none of it to the collector; then serve."""
    import encodings.idna  # noqa: F401, PLC0415 - not for those who only ask for a node

    import lastlight.cli  # noqa: PLC0415
    import lastlight.cli_serve  # noqa: F401, PLC0415

    # Whatever a library prints must not be taken for an answer.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        gc.collect()
        gc.freeze()
        serve(sys.stdin, answers)


if __name__ == "__main__":
    run()
