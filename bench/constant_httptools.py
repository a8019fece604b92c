"""The ceiling of any HTTP server in this language here: trio and httptools, answering a constant.

Run as `python -m bench.constant_httptools PORT`. It reads each request to its end and answers as
many bytes as a purchase has; everything that a node does comes on top of this.
"""

from __future__ import annotations

import sys
from typing import Final

import httptools
import trio

ANSWER_BYTES: Final = 378
"""Of the body of an answered purchase of one line."""
_BODY: Final = b'{"total_minor":100,"note":"' + b"x" * (ANSWER_BYTES - 29) + b'"}'
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
    % (len(_BODY), _BODY)
)
_RECEIVE_BYTES: Final = 64 * 1024


class Requests:
    """Counts requests that have come whole."""

    def __init__(self) -> None:
        self.whole = 0

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self.whole += 1


async def answer(stream: trio.abc.Stream) -> None:
    """Answer a connection until it ends."""
    requests = Requests()
    parser = httptools.HttpRequestParser(requests)
    async with stream:
        try:
            while data := await stream.receive_some(_RECEIVE_BYTES):
                parser.feed_data(data)
                if requests.whole:
                    await stream.send_all(_ANSWER * requests.whole)
                    requests.whole = 0
        except (trio.BrokenResourceError, httptools.HttpParserError):
            return


async def serve(port: int) -> None:
    """Serve until killed."""
    async with trio.open_nursery() as nursery:
        for listener in await trio.open_tcp_listeners(port, host="127.0.0.1", backlog=4096):
            nursery.start_soon(trio.serve_listeners, answer, [listener])


if __name__ == "__main__":
    trio.run(serve, int(sys.argv[1]))
