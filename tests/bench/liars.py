"""A tiny server that answers the three routes by the book, or as badly as a test wants it to.

It keeps everything in memory, and what it tells its store is a list: that is enough to lose a row,
to write one twice, or to take the wrong price.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import jwt

from bench.peer import Stored
from bench.stored import CHECK_IN, PURCHASE
from bench.town import PRICE_MINOR, Town

Answer = tuple[int, dict[str, Any]]


@attrs.define(eq=False)
class TinyPeer:
    """See `bench.peer.Peer`. Each way to be bad is a name in `bad`."""

    bad: frozenset[str] = frozenset()
    name: str = "Tiny"
    sessions: list[dict[str, Any]] = attrs.field(factory=list)
    purchases: list[int] = attrs.field(factory=list)
    keys: dict[tuple[str, str, str], tuple[bytes, Answer]] = attrs.field(factory=dict)
    _lock: Any = attrs.field(factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None
    _town: Town | None = None
    _writes: int = 0

    @property
    def base_url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def pids(self) -> Sequence[int]:
        """It has no process of its own."""
        return ()

    def start(self, data_dir: Path, town: Town) -> None:
        """Serve from threads of this process."""
        self._town = town
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave in two writes; the second must not wait for an acknowledgement.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["content-length"])))

            def _answer(self, body: bytes) -> None:
                token = self.headers.get("authorization", "").removeprefix("Bearer ")
                key = self.headers.get("idempotency-key", "")
                status, answer = peer.answer(self.command, self.path, token, key, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Tests want none of it."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """End it."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def settle(self, within_s: float) -> float:
        """Nothing is ever behind."""
        return 0.0

    def stored(self) -> Stored:
        """What it kept."""
        spent = sum(self.purchases)
        return Stored(
            sessions=len(self.sessions),
            purchases=len(self.purchases),
            check_in_keys=sum(route == CHECK_IN for _, route, _ in self.keys),
            purchase_keys=sum(route == PURCHASE for _, route, _ in self.keys),
            journals=len(self.purchases) - ("books" in self.bad and bool(self.purchases)),
            unbalanced=int("unbalanced" in self.bad and bool(self.purchases)),
            spent_minor=spent,
            charged_minor=0,
            wallets_minor=1_000_000 - spent - ("wallets" in self.bad and self._writes > 100),
        )

    def answer(self, method: str, path: str, token: str, key: str, body: bytes) -> Answer:
        """One request."""
        assert self._town is not None
        try:
            public = self._town.keys.current.public
            claims = jwt.decode(token, public, algorithms=["EdDSA"], options={"verify_aud": False})
        except jwt.PyJWTError:
            if "door" not in self.bad:
                return 401, {}
            claims = {"sub": "anybody"}
        with self._lock:
            if method == "GET":
                return self._read(claims["sub"], path.rpartition("/")[2])
            if not key:
                return 400, {}
            place = (claims["sub"], path, key)
            if place in self.keys:
                known, answer = self.keys[place]
                return answer if known == body else (422, {})
            if "twice" in self.bad and path == PURCHASE:
                key = f"{key}-{self._writes}"
            answer = self._write(claims["sub"], path, json.loads(body))
            if answer[0] < 300:
                self.keys[claims["sub"], path, key] = (body, answer)
            return answer

    def _read(self, user: str, session_id: str) -> Answer:
        found = [s for s in self.sessions if s["session_id"] == session_id]
        if not found or (found[0]["user_id"] != user and "stranger" not in self.bad):
            return 404, {}
        holds = [] if "shape" in self.bad else [{"amount_minor": 150}]
        return 200, {**found[0], "segments": [{"rate_minor_per_h": 600}], "holds": holds}

    def _write(self, user: str, path: str, asked: dict[str, Any]) -> Answer:
        self._writes += 1
        # The first writes are the probe's: one that is bad only under load has to pass it.
        loaded = self._writes > 12 and self._writes % 3 == 0
        if path == CHECK_IN:
            if any(s["user_id"] == user for s in self.sessions):
                return 409, {}
            visit = {"session_id": f"s{self._writes}", "user_id": user, "status": "active"}
            visit["held_minor"] = 150  # type: ignore[assignment]
            if not (loaded and "loses" in self.bad):
                self.sessions.append(visit)
            return 201, visit
        if sum(line["qty"] for line in asked["lines"]) > 1_000:
            return 402, {}
        if loaded and "errors" in self.bad:
            return 500, {}
        price = PRICE_MINOR + ("price" in self.bad)
        if not (loaded and "loses" in self.bad):
            self.purchases.append(price)
        if loaded and "double" in self.bad:
            self.purchases.append(price)
        id_ = "t1" if "same" in self.bad and loaded else f"t{self._writes}"
        return 201, {
            "transaction_id": id_, "status": "posted", "total_minor": PRICE_MINOR,
            "lines": [{"qty": 1}], "balance": {"available_minor": 5},
        }  # fmt: skip
