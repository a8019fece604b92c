"""Load at a rate: POST requests over HTTP/1.1, begun on time whether or not others are answered.

`python -m bench.paced` reads what to do as JSON from standard input and prints what came of it. A
rate of 0 is a closed loop: each connection asks again when it is answered. Latency at a rate counts
from when a request was due, so that waiting in line for a connection is part of it.
"""

from __future__ import annotations

import json
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import attrs
import trio

CONNECTIONS = 32


@attrs.define(eq=False)
class Load:
    """One run."""

    port: int
    path: str
    body: str
    tokens: Sequence[str]
    seconds: float
    rate: float
    number: int = 0
    errors: int = 0
    took_ms: list[float] = attrs.field(factory=list)

    async def run(self) -> dict[str, Any]:
        """Ask for so many seconds."""
        began, cpu = trio.current_time(), time.process_time()
        async with trio.open_nursery() as nursery:
            for _ in range(CONNECTIONS):
                nursery.start_soon(self._ask, began)
        took = trio.current_time() - began
        cuts = statistics.quantiles(self.took_ms, n=100) if len(self.took_ms) > 1 else [0.0] * 99
        return {
            "per_second": len(self.took_ms) / took,
            "errors": self.errors,
            "p50_ms": round(cuts[49], 1),
            "p99_ms": round(cuts[98], 1),
            "cpu": round((time.process_time() - cpu) / took, 2),
        }

    async def _ask(self, began: float) -> None:
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            while True:
                self.number += 1
                due = began + self.number / self.rate if self.rate else trio.current_time()
                if due >= began + self.seconds:
                    return
                request = self._request(self.number)
                await trio.sleep_until(due)
                await stream.send_all(request)
                await self._read(stream)
                self.took_ms.append((trio.current_time() - due) * 1000)

    def _request(self, number: int) -> bytes:
        lines = [
            f"POST {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Authorization: Bearer {self.tokens[number % len(self.tokens)]}",
            f"Idempotency-Key: {secrets.token_hex(12)}",
            f"Content-Length: {len(self.body)}",
        ]
        return "\r\n".join([*lines, "", self.body]).encode()

    async def _read(self, stream: trio.SocketStream) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += await self._more(stream)
        head, _, body = received.partition(b"\r\n\r\n")
        self.errors += not head.split(b" ", 2)[1].startswith(b"2")
        if b"chunked" in head.lower():
            while not body.endswith(b"0\r\n\r\n"):
                body += await self._more(stream)
            return
        (length,) = [
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        while len(body) < length:
            body += await self._more(stream)

    async def _more(self, stream: trio.SocketStream) -> bytes:
        data = bytes(await stream.receive_some())
        if not data:
            raise ConnectionError("the server hung up")
        return data


def begin_load(**command: Any) -> subprocess.Popen[str]:
    """Load from a process of its own; see `end_load`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.paced"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(command))
    process.stdin.close()
    return process


def end_load(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What came of it, when its seconds are over."""
    assert process.stdout is not None
    told = process.stdout.read()
    if process.wait() != 0:
        raise ChildProcessError("the load ended by an error")
    result: dict[str, Any] = json.loads(told)
    return result


if __name__ == "__main__":
    print(json.dumps(trio.run(Load(**json.load(sys.stdin)).run)))
