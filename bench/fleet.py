"""Thousands of clients in a process of their own, light enough not to be what is measured.

`python -m bench.fleet` is told what to do in lines of JSON and answers each with one; times are of
the machine's monotonic clock, so that they can be compared with those of other processes. `cpu`
is the share of a core that the fleet itself used: near 1 it was the fleet that was measured. While
it is told nothing it reads all the same: a server rightly ends who does not answer its pings.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import attrs

from bench.frames import DIALECTS, PONG, Dialect, Heard, Place, split

_CLOSE_AT_ONCE = struct.pack("ii", 1, 0)
_SWEEP_S = 0.002
_RECEIVE_BYTES = 256 * 1024
_STANDARD_INPUT = 0
_IDLE_SWEEP_S = 1.0
"""How often clients are read while nobody asks; well within what a ping waits for its answer."""


@attrs.define(eq=False)
class Line:
    """One client."""

    number: int
    token: str
    place: Place = attrs.field(factory=Place)
    known: bool = False
    """Whether it has been in the room before."""
    sock: socket.socket | None = None
    buffer: bytes = b""
    upgraded: bool = False
    open: bool = False


class Fleet:
    """All clients, and what they have heard since `arm`."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lines: list[Line] = []
        self._dialect: Dialect = DIALECTS["lastlight"]
        self._port, self._room = 0, ""
        self._addresses = ["127.0.0.1"]
        self._track = False
        self._marker = b""
        self._without = b""
        self._heard = self._open = self._lost = 0
        self._first = self._last = self._opened = 0.0

    def commands(self) -> Iterator[dict[str, Any]]:
        """What standard input says, until it ends; clients are read while it says nothing."""
        said = b""
        with selectors.DefaultSelector() as ears:
            ears.register(_STANDARD_INPUT, selectors.EVENT_READ)
            while True:
                while b"\n" not in said:
                    if not ears.select(_IDLE_SWEEP_S):
                        self._sweep(0)
                    elif more := os.read(_STANDARD_INPUT, _RECEIVE_BYTES):
                        said += more
                    else:
                        return
                line, _, said = said.partition(b"\n")
                yield json.loads(line)

    def open(self, command: dict[str, Any]) -> dict[str, Any]:
        """Bring clients in, `at_once` of them on their way at a time."""
        self._dialect = DIALECTS[command["dialect"]]
        self._port, self._room = command["port"], command["room"]
        self._addresses, self._track = command["addresses"], command["track"]
        tokens, count = command["tokens"], command["count"]
        self._lines = [Line(n, tokens[n % len(tokens)]) for n in range(count)]
        return self._connect(command["at_once"], command["within_s"])

    def again(self, command: dict[str, Any]) -> dict[str, Any]:
        """Bring back who was dropped; `frames` is how many missed events they hear in all."""
        self._heard, self._marker = 0, b""
        told = self._connect(command["at_once"], command["within_s"])
        until = time.monotonic() + command["within_s"]
        while self._heard < command["frames"] and time.monotonic() < until:
            self._sweep(0.05)
        done = max(self._opened, self._last)
        return {**told, "heard": self._heard, "seconds": done - told["began"]}

    def _connect(self, at_once: int, within_s: float) -> dict[str, Any]:
        began, cpu = time.monotonic(), time.process_time()
        waiting = [line for line in reversed(self._lines) if line.sock is None]
        target = self._open + len(waiting)
        under_way = 0
        while self._open < target and time.monotonic() < began + within_s:
            under_way = target - self._open - len(waiting)
            while waiting and under_way < at_once:
                self._begin(waiting.pop())
                under_way += 1
            self._sweep(0.05)
        took = time.monotonic() - began
        share = (time.process_time() - cpu) / max(took, 1e-9)
        return {"began": began, "open": self._open, "seconds": took, "cpu": round(share, 2)}

    def _begin(self, line: Line) -> None:
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = self._addresses[line.number % len(self._addresses)]
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((address, 0))
        # Loopback connects at once, unless the listener's queue is full: then this waits for it.
        sock.connect(("127.0.0.1", self._port))
        sock.setblocking(False)
        line.sock, line.buffer, line.upgraded, line.open = sock, b"", False, False
        sock.send(self._dialect.ask(line.token, self._room, line.place if line.known else None))
        self._selector.register(sock, selectors.EVENT_READ, line)

    def arm(self, command: dict[str, Any]) -> dict[str, Any]:
        """Count anew, what has `marker` in it and not `without`."""
        self._marker, self._without = command["marker"].encode(), command["without"].encode()
        self._heard, self._first, self._last = 0, 0.0, 0.0
        return {"open": self._open, "lost": self._lost}

    def count(self, command: dict[str, Any]) -> dict[str, Any]:
        """Wait for so many events since `arm`."""
        began, cpu = time.monotonic(), time.process_time()
        while self._heard < command["frames"] and time.monotonic() < began + command["within_s"]:
            self._sweep(0.05)
            if command["lazily"]:
                time.sleep(_SWEEP_S)
        took = time.monotonic() - began
        return {
            "heard": self._heard,
            "first": self._first,
            "last": self._last,
            "lost": self._lost,
            "cpu": round((time.process_time() - cpu) / max(took, 1e-9), 2),
        }

    def drop(self, command: dict[str, Any]) -> dict[str, Any]:
        """Cut everybody off without a word, as a network does."""
        for line in self._lines:
            if line.sock is not None:
                line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_AT_ONCE)
                self._end(line)
        return {"open": self._open}

    def rest(self, command: dict[str, Any]) -> dict[str, Any]:
        """Stay connected for a while, answering pings."""
        until = time.monotonic() + command["seconds"]
        while time.monotonic() < until:
            self._sweep(0.05)
        return {"open": self._open, "lost": self._lost}

    def _end(self, line: Line) -> None:
        assert line.sock is not None
        self._selector.unregister(line.sock)
        line.sock.close()
        line.sock = None
        self._open -= line.open
        line.open = False

    def _sweep(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            line: Line = key.data
            assert line.sock is not None
            try:
                data = line.sock.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except ConnectionError:
                data = b""
            if data:
                self._hear(line, line.buffer + data if line.buffer else data)
            else:
                self._lost += 1
                self._end(line)

    def _hear(self, line: Line, data: bytes) -> None:
        if not line.upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                line.buffer = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            line.upgraded = True
            place = line.place if line.known else None
            self._say(line, self._dialect.upgraded(line.token, self._room, place))
        frames, line.buffer = split(data)
        for opcode, payload in frames:
            if opcode == 9:
                self._say(line, PONG)
            elif opcode == 1:
                what, answer = self._dialect.hear(payload, line.place, track=self._track)
                if what is Heard.EVENT:
                    self._note(payload)
                elif what is Heard.OPEN and not line.open:
                    line.open = line.known = True
                    self._open += 1
                    self._opened = time.monotonic()
                if answer:
                    self._say(line, answer)

    def _note(self, payload: bytes) -> None:
        if self._marker and not self._is_meant(payload):
            return
        self._heard += 1
        self._last = time.monotonic()
        self._first = self._first or self._last

    def _is_meant(self, payload: bytes) -> bool:
        unwanted = self._without and self._without in payload[:160]
        return self._marker in payload and not unwanted

    def _say(self, line: Line, data: bytes) -> None:
        assert line.sock is not None
        line.sock.send(data)


def main() -> None:
    """Do what standard input says, until it ends."""
    fleet = Fleet()
    for command in fleet.commands():
        told = getattr(fleet, command.pop("do"))(command)
        print(json.dumps(told), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
