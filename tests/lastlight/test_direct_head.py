"""Which heads the direct lane takes: those of which there can be no two opinions."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastlight.front_door.direct_head import read_head
from protocol.limits import BODY_BYTES_MAX

PLAIN = b"POST /a/b?q=%41 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Odd:  b \t\r\n\r\n"


def with_line(line: bytes) -> bytes:
    """A plain head with one more line."""
    return PLAIN.replace(b"X-Odd:  b \t", line)


def test_a_plain_head_is_read_as_it_stands() -> None:
    """Names in lower case, values without the blanks around them, the target in its two parts."""
    head = read_head(PLAIN)
    assert head is not None
    assert (head.method, head.raw_path, head.query_string) == ("POST", b"/a/b", b"q=%41")
    assert head.headers == (("host", "a"), ("content-length", "3"), ("x-odd", "b"))
    assert (head.body_bytes, head.keeps_alive) == (3, True)


@pytest.mark.parametrize(
    "block",
    [
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"POST", b"HEAD"),
        PLAIN.replace(b"POST", b"post"),
        PLAIN.replace(b"/a/b", b"http://a/"),
        PLAIN.replace(b"/a/b", b"/\xc3\xa9"),
        PLAIN.replace(b" /a", b"  /a"),
        PLAIN.replace(b"/a/b", b"/a/%62"),
        PLAIN.replace(b"Host: a\r\n", b""),
        PLAIN.replace(b"Host: a", b"Host:"),
        PLAIN.replace(b"Host: a", b"Host : a"),
        PLAIN.replace(b"\r\n", b"\n"),
        with_line(b"a\nX: b"),
        with_line(b"X: a\rb"),
        with_line(b"X: a\x00b"),
        with_line(b"X: a\x7fb"),
        with_line(b"X: a\r\n folded"),
        with_line(b"X"),
        with_line(b": no name"),
        with_line(b"Host: b"),
        with_line(b"Content-Length: 3"),
        with_line(b"Content-Length: 4"),
        with_line(b"Transfer-Encoding: chunked"),
        with_line(b"Transfer-Encoding: identity"),
        with_line(b"Expect: 100-continue"),
        with_line(b"Upgrade: websocket"),
        with_line(b"Connection: upgrade"),
        with_line(b"Connection: close\r\nConnection: close"),
        PLAIN.replace(b": 3", b": +3"),
        PLAIN.replace(b": 3", b": 3, 3"),
        PLAIN.replace(b": 3", b": 0x3"),
        PLAIN.replace(b": 3", b": \xb2"),
        PLAIN.replace(b": 3", b": %d" % (BODY_BYTES_MAX + 1)),
        PLAIN[:-2],
        b"\r\n" + PLAIN,
        b"",
    ],
)
def test_what_may_be_read_in_two_ways_is_left_to_the_other_lane(block: bytes) -> None:
    """Smuggling lives where two readers disagree; here there is one for all that is odd."""
    assert read_head(block) is None


pieces = st.sampled_from(
    [
        b"GET ", b"POST ", b"/", b"/a", b"?", b" ", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\n", b"\r",
        b"Host", b"host", b":", b": ", b"a", b"Content-Length", b"3", b"03", b"-1", b"\t", b"\x00",
        b"Transfer-Encoding", b"chunked", b"Connection", b"close", b"keep-alive", b",", b"\xe9",
        b"Upgrade", b"Expect", b"X", b'"', b"%", b"\x7f", b"\x0b",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.lists(pieces, max_size=30).map(b"".join), st.binary(max_size=60)), st.data())
def test_what_is_taken_is_read_by_h11_in_the_same_way(noise: bytes, data: st.DataObject) -> None:
    """The other lane's own reader is the judge: it takes the head too, and finds the same in it."""
    at = data.draw(st.integers(0, len(PLAIN)))
    to = data.draw(st.integers(at, len(PLAIN)))
    block = PLAIN[:at] + noise + PLAIN[to:]
    head = read_head(block)
    if head is None:
        return
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(block)
    event = reader.next_event()
    assert isinstance(event, h11.Request)
    target = head.raw_path + (b"?" + head.query_string if b"?" in event.target else b"")
    assert (event.method.decode(), event.target) == (head.method, target)
    assert [(n.decode(), v.decode("latin-1")) for n, v in event.headers] == list(head.headers)
    assert reader.trailing_data[0] == b""
    assert isinstance(reader.next_event(), h11.EndOfMessage) == (head.body_bytes == 0)
