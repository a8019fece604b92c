"""Where a request ends is never in doubt: what says it twice, or in two ways, is refused whole."""

from __future__ import annotations

import pytest

from lastlight.front_door.strict_lines import complaint_of
from tests.lastlight.door_kit import Desk, a_door, problem_in, say

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
"""What another reader takes for the body of the request before."""
POST = b"POST /a HTTP/1.1\r\nHost: a\r\n"
LENGTH = b"Content-Length: %d\r\n" % (len(HIDDEN) + 5)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
AMBIGUOUS = {
    "length and chunks": POST + LENGTH + CHUNKED + b"\r\n0\r\n\r\n",
    "chunks and length": POST + CHUNKED + LENGTH + b"\r\n0\r\n\r\n",
    "one length twice": POST + b"Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "chunks twice": POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
    "chunks in chunks": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a folded length": POST + b"Content-Length:\r\n 3\r\n\r\nabc",
    "a folded header": POST + b"X: a\r\n\tb\r\n\r\n",
    "LF alone in a head": b"GET /a HTTP/1.1\nHost: a\n\n",
    "LF alone at the end of a head": b"GET /a HTTP/1.1\r\nHost: a\r\n\n",
    "CR alone in a head": b"GET /a HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "LF alone in trailers": POST + CHUNKED + b"\r\n0\r\nX: a\n\r\n",
    "LF alone after the last chunk": POST + CHUNKED + b"\r\n0\r\n\n",
}
BEFORE = {
    "first": b"",
    "after GET": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "after HEAD": b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "after chunks": POST + CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.usefixtures("each_lane")
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("raw", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_what_has_two_ends_is_refused_and_nothing_after_it_is_read(
    raw: bytes, before: bytes
) -> None:
    """RFC 9112 11.2: else a request could be hidden in what a proxy took for a body."""
    desk = Desk()
    async with a_door(desk) as door:
        said = await say(door, before + raw + HIDDEN)
    answer = b"HTTP/1.1 4" + said.rpartition(b"HTTP/1.1 4")[2]
    assert problem_in(answer)["code"] == "malformed_request"
    assert b"connection: close" in answer.lower()
    assert "/hidden" not in [seen.path for seen in desk.seen]
    assert said.count(b"HTTP/1.1 ") == (2 if before else 1)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: content-length: 3, transfer-encoding: b\r\n\r\n",
        b"X-Trailer: a\r\n\r\n",
        b"\r\n",
    ],
)
def test_what_has_one_end_is_taken(head: bytes) -> None:
    """A list of anything else is no list of lengths."""
    assert complaint_of(head) is None
