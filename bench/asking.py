"""The client at a rate, in a process of its own: asks on time whether or not others are answered.

`python -m bench.asking` reads what to do as JSON from standard input and prints what came of it.
Latency counts from when a request was due, so a server that stands still is charged for everybody
who would have asked meanwhile. A rate of 0 is a closed loop. `cpu` is the share of a core that the
client used and `late_ms` by how much it was late itself: near 1, or well above 1 ms, it was the
client that was measured.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import attrs
import httptools
from hdrh.histogram import HdrHistogram

LATENCY_US_MAX = 60_000_000
SIGNIFICANT_DIGITS = 3
SAMPLE_EVERY = 53
SAMPLES_MAX = 80
_RECEIVE_BYTES = 65_536


def histogram() -> HdrHistogram:
    """Latencies from a microsecond to a minute."""
    return HdrHistogram(1, LATENCY_US_MAX, SIGNIFICANT_DIGITS)


@attrs.define(eq=False)
class Connection:
    """One keep-alive connection; asks one thing at a time."""

    sock: socket.socket
    done: Callable[[Connection, int, bytes], None]
    call: int = 0
    due: float = 0.0
    busy: bool = False
    parser: Any = None
    body: list[bytes] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self.body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        body, self.body = b"".join(self.body), []
        self.done(self, self.parser.get_status_code(), body)


@attrs.define(eq=False)
class Asking:
    """One load."""

    port: int
    plan: str
    tag: str
    once: bool
    rate: float
    seconds: float
    connections: int
    drain_s: float = 10.0
    keep_all: bool = False

    _heads: list[tuple[bytes, bytes, bool]] = attrs.field(factory=list)
    _next: int = 0
    _sent: int = 0
    _sent_writes: int = 0
    _lost: int = 0
    _under_way: int = 0
    _answered: int = 0
    _ended: float = 0.0
    _statuses: Counter[int] = attrs.field(factory=Counter)
    _samples: list[str] = attrs.field(factory=list)
    _took: HdrHistogram = attrs.field(factory=histogram)
    _late: HdrHistogram = attrs.field(factory=histogram)
    _idle: list[Connection] = attrs.field(factory=list)
    _epoll: select.epoll = attrs.field(factory=select.epoll)
    _by_number: dict[int, Connection] = attrs.field(factory=dict)

    def run(self) -> dict[str, Any]:
        """Ask for so many seconds, then wait for what is under way."""
        self._read_plan()
        for _ in range(self.connections):
            self._connect()
        began, cpu = time.monotonic(), time.process_time()
        self._ended = began
        if self.rate:
            self._at_a_rate(began)
        else:
            self._in_a_circle(began)
        self._drain()
        self._hang_up()
        took = time.monotonic() - began
        return {
            "sent": self._sent,
            "sent_writes": self._sent_writes,
            "seconds": max(self._ended - began, 1e-9),
            "broken": self._lost + self._under_way,
            "statuses": {str(status): count for status, count in self._statuses.items()},
            "curve": _curve(self._took),
            "samples": self._samples,
            "cpu": round((time.process_time() - cpu) / took, 3),
            "late_ms": self._late.get_value_at_percentile(99) / 1e3,
        }

    def _read_plan(self) -> None:
        with open(self.plan, encoding="utf-8") as lines:
            for line in lines:
                method, path, token, keyed, body = line.rstrip("\n").split("\t")
                head = (
                    f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                    f"Authorization: Bearer {token}\r\n"
                )
                if body:
                    data = body.encode()
                    rest = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
                    after = rest.encode() + data
                else:
                    after = b"\r\n"
                self._heads.append((head.encode(), after, keyed == "1"))

    def _connect(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        connection = Connection(sock, self._done)
        self._by_number[sock.fileno()] = connection
        self._epoll.register(sock, select.EPOLLIN)
        self._idle.append(connection)

    def _has_more(self) -> bool:
        return not self.once or self._next < len(self._heads)

    def _at_a_rate(self, began: float) -> None:
        waiting: deque[float] = deque()
        number, end = 0, began + self.seconds
        while True:
            now = time.monotonic()
            while (due := began + number / self.rate) <= min(now, end) and self._has_more_for(
                len(waiting)
            ):
                waiting.append(due)
                number += 1
            # Who waits for a connection waits for the server: only the others were our delay.
            ours = len(waiting) <= len(self._idle)
            while waiting and self._idle:
                first = waiting.popleft()
                if self._send(first) and ours:
                    self._late.record_value(max(1, int((time.monotonic() - first) * 1e6)))
            if (due > end or not self._has_more_for(len(waiting))) and not waiting:
                return
            if now > end + self.drain_s:
                self._lost += len(waiting)
                return
            self._listen(min(max(due - time.monotonic(), 0.0), 0.1) if self._idle else 0.1)

    def _has_more_for(self, waiting: int) -> bool:
        return not self.once or self._next + waiting < len(self._heads)

    def _in_a_circle(self, began: float) -> None:
        end = began + self.seconds
        while (now := time.monotonic()) < end and (self._has_more() or self._under_way):
            while self._idle and self._has_more():
                self._send(now)
            self._listen(0.1)

    def _drain(self) -> None:
        until = time.monotonic() + self.drain_s
        while self._under_way and time.monotonic() < until:
            self._listen(0.05)

    def _hang_up(self) -> None:
        for connection in self._by_number.values():
            connection.sock.close()
        self._epoll.close()

    def _send(self, due: float) -> bool:
        connection = self._idle.pop()
        head, after, keyed = self._heads[self._next % len(self._heads)]
        key = f"Idempotency-Key: {self.tag}-{self._next}\r\n".encode() if keyed else b""
        connection.call, connection.due, connection.busy = self._next, due, True
        self._next += 1
        self._sent += 1
        self._sent_writes += keyed
        self._under_way += 1
        try:
            data = head + key + after
            assert connection.sock.send(data) == len(data), "a request fits a socket's buffer"
        except OSError:
            self._end(connection)
            return False
        return True

    def _listen(self, within_s: float) -> None:
        # epoll counts in milliseconds, select in microseconds; a due request can't wait so long.
        ready, _, _ = select.select([self._epoll.fileno()], [], [], within_s)
        if not ready:
            return
        for number, _ in self._epoll.poll(0):
            connection = self._by_number[number]
            try:
                data = connection.sock.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if data:
                connection.parser.feed_data(data)
            else:
                self._end(connection)

    def _end(self, connection: Connection) -> None:
        """A connection that the server ended; what was under way on it is lost."""
        del self._by_number[connection.sock.fileno()]
        self._epoll.unregister(connection.sock)
        connection.sock.close()
        if connection.busy:
            self._lost += 1
            self._under_way -= 1
        else:
            self._idle.remove(connection)
        self._connect()

    def _done(self, connection: Connection, status: int, body: bytes) -> None:
        now = time.monotonic()
        self._took.record_value(min(max(1, int((now - connection.due) * 1e6)), LATENCY_US_MAX))
        self._under_way -= 1
        self._answered += 1
        self._ended = now
        self._statuses[status] += 1
        wanted = self._answered % SAMPLE_EVERY == 1 and len(self._samples) < SAMPLES_MAX
        if self.keep_all or wanted or (status >= 300 and len(self._samples) < 2 * SAMPLES_MAX):
            self._samples.append(f"{status} {body.decode(errors='replace')}")
        connection.busy = False
        self._idle.append(connection)


PERCENTILES = (1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100)


def _curve(took: HdrHistogram) -> list[tuple[float, float]]:
    """Percentiles with their milliseconds."""
    return [(p, took.get_value_at_percentile(p) / 1e3) for p in PERCENTILES]


if __name__ == "__main__":
    print(json.dumps(Asking(**json.load(sys.stdin)).run()))
