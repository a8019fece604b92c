"""The ceiling of HTTP answers each request once; a quarter of less would prove nothing."""

from __future__ import annotations

import json

import trio
from trio.testing import memory_stream_pair

from bench.constant_httptools import ANSWER_BYTES, answer

_REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


async def test_requests_in_a_row_and_in_pieces_are_each_answered_once() -> None:
    """Clients keep connections and send on; what is cut in two is one request."""
    ours, theirs = memory_stream_pair()
    sent = _REQUEST * 3
    received = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, theirs)
        await ours.send_all(sent[:70])
        await ours.send_all(sent[70:])
        while received.count(b"HTTP/1.1 200") < 3 or not received.endswith(b"}"):
            received += bytes(await ours.receive_some())
        await ours.aclose()
    head, _, rest = received.partition(b"\r\n\r\n")
    assert f"content-length: {ANSWER_BYTES}".encode() in head
    assert json.loads(rest[:ANSWER_BYTES])["total_minor"] == 100
    assert len(received) == 3 * (len(head) + 4 + ANSWER_BYTES)


async def test_what_is_no_http_ends_the_connection() -> None:
    """A client in error hears the end of the stream, and the server lives on."""
    ours, theirs = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, theirs)
        await ours.send_all(b"\x00\x01 nonsense\r\n\r\n")
        assert await ours.receive_some() == b""
