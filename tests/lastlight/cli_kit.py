"""A tiny HTTP server that answers as it is told, for clients on the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs


@attrs.define(eq=False)
class TinyNode:
    """What is answered to `METHOD path?query`, and what was asked."""

    answers: dict[str, tuple[int, Any]]
    url: str = ""
    asked: list[tuple[str, dict[str, str], Any]] = attrs.field(factory=list)


@contextmanager
def open_tiny_node(answers: dict[str, tuple[int, Any]]) -> Iterator[TinyNode]:
    """Serve `answers` on a free port of this machine; what is not in it is 404 without JSON."""
    node = TinyNode(answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            line = f"{self.command} {self.path}"
            node.asked.append((line, dict(self.headers), body))
            status, said = node.answers.get(line, (404, None))
            data = b"<html>" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer  # noqa: N815 - named by the standard library

        def log_message(self, *words: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    node.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield node
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
