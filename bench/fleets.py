"""Fleets of clients as the questions see them; `bench.fleet` is what runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from bench.rooms_kit import AT_ONCE, Server
from protocol.limits import SOCKETS_PER_ADDRESS_MAX


class TooFew(RuntimeError):
    """A fleet did not get as many clients in, or as many events, as it was told to."""


@attrs.define(eq=False)
class FleetOf:
    """A fleet's process, spoken to in lines."""

    process: subprocess.Popen[str]
    size: int = 0

    def say(self, do: str, **command: object) -> None:
        """Say something whose answer is heard later."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **command}) + "\n")
        self.process.stdin.flush()

    def tell(self, do: str, **command: object) -> dict[str, Any]:
        """Say something and wait for the answer."""
        self.say(do, **command)
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise TooFew(f"the fleet ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def open(
        self, server: Server, tokens: Sequence[str], room: str, *, track: bool = False
    ) -> dict[str, Any]:
        """Bring one client in per token, from as many addresses as that takes.

        Raises:
            TooFew: not all of them got in.
        """
        self.size = len(tokens)
        addresses = [f"127.0.0.{n + 2}" for n in range(-(-self.size // SOCKETS_PER_ADDRESS_MAX))]
        told = self.tell(
            "open", dialect=server.dialect, port=server.port, room=room, tokens=tokens,
            addresses=addresses, count=self.size, track=track, at_once=AT_ONCE, within_s=180,
        )  # fmt: skip
        if told["open"] < self.size:
            raise TooFew(f"{told['open']} of {self.size} clients are in {server.name}")
        return told

    def arm(self, marker: str = "", without: str = "") -> None:
        """Count anew what has `marker` in it, and not `without` near its beginning."""
        self.tell("arm", marker=marker, without=without)

    def count(self, each: int, *, lazily: bool, within_s: float = 60) -> dict[str, Any]:
        """Wait until everybody has heard `each` events.

        Raises:
            TooFew: they have not, within `within_s`.
        """
        self.begin_count(each, lazily=lazily, within_s=within_s)
        return self.end_count(each)

    def begin_count(self, each: int, *, lazily: bool, within_s: float = 60) -> None:
        """Let it wait until everybody has heard `each` events."""
        self.say("count", frames=each * self.size, lazily=lazily, within_s=within_s)

    def end_count(self, each: int) -> dict[str, Any]:
        """What came of it.

        Raises:
            TooFew: they have not all heard it in time.
        """
        wanted, told = each * self.size, self.hear()
        if told["heard"] < wanted:
            raise TooFew(f"{told['heard']} of {wanted} events came; {told['lost']} were cut off")
        return told


@contextmanager
def a_fleet() -> Iterator[FleetOf]:
    """A process for clients."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.fleet"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield FleetOf(process)
        finally:
            process.kill()
