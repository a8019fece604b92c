"""The same bytes to both lanes: what comes back is the same, and so is what the handler saw."""

from __future__ import annotations

import re

import attrs
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastlight.front_door import FrontDoor, Patience
from lastlight.web.answering import WebSettings
from tests.lastlight import door_kit
from tests.lastlight.door_kit import Desk, a_door, connect, read_to_end

_ITS_OWN = re.compile(rb"(?im)^(x-request-id|date):[^\r]*\r\n|[0-9a-f]{8}-[0-9a-f-]{27}")
"""What differs from one request to the next: its id, and when it was answered."""
LAST = b"GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SHORT = Patience(headers_s=2.0, keep_alive_s=10.0)
"""Only what never comes waits so long: a busy machine may take a while over two pieces."""

methods = st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"BREW"])
targets = st.sampled_from(
    [b"/", b"/a?b=%31", b"/%zz", b"/a%2fb", b"/bug", b"*", b"http://a/b", b"//x", b"/\xc3\xa9"]
)
versions = st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0"])
lines = st.sampled_from(
    [
        b"Host: a", b"Content-Length: 3", b"Content-Length: 0", b"Transfer-Encoding: chunked",
        b"Expect: 100-continue", b"Connection: close", b"Connection: keep-alive, X", b"X: \xe9",
        b"Origin: https://app.example", b"X:a", b"X : a", b" folded", b"X: a\x00", b"",
        b"Upgrade: websocket", b"Content-Length: 3, 3", b"X: a\nY: b", b"X: a\rY: b", b"\tfolded",
    ]
)  # fmt: skip
bodies = st.sampled_from(
    [b"", b"abc", b"ab", b"abcd", b"3\r\nabc\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: a\r\n\r\n",
     b"0\r\nX: a\n\r\n"]
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Something like a request, mostly one."""
    head = [b" ".join([draw(methods), draw(targets), draw(versions)])]
    head += [b"Host: a"] if draw(st.booleans()) else []
    head += draw(st.lists(lines, max_size=4))
    return b"\r\n".join([*head, b"", b""]) + draw(bodies)


@attrs.frozen
class Told:
    """What one lane said, and what it had the handler see."""

    said: list[tuple[bytes, frozenset[bytes], bytes]]
    seen: list[tuple[object, ...]]


def parts_of(raw: bytes) -> list[tuple[bytes, frozenset[bytes], bytes]]:
    """Each answer: its status line, its headers in no order, and what follows.

    Who is hung up on while still sending may lose the last bytes of what was said to them, and
    which of two faults is found first depends on what came when.
    """
    found: list[tuple[bytes, frozenset[bytes], bytes]] = []
    for one in re.split(rb"(?=HTTP/1\.1 )", _ITS_OWN.sub(b"", raw)):
        head, _, body = one.partition(b"\r\n\r\n")
        first, *rest = head.split(b"\r\n")
        headers = frozenset(line.lower() for line in rest)
        if b"connection: close" in headers:
            return [*found, (first[: len(b"HTTP/1.1 4")], frozenset(), b"")]
        found.append((first, headers, body))
    return found


async def told(door: FrontDoor, desk: Desk, raw: bytes, cut: int) -> Told:
    """Send bytes in two pieces and read to the end."""
    desk.seen.clear()
    async with await connect(door) as stream:
        try:
            for piece in (raw[:cut], raw[cut:]):
                if piece:
                    await stream.send_all(piece)
        except (trio.BrokenResourceError, OSError):
            pass
        said = await read_to_end(stream)
    seen: list[tuple[object, ...]] = [
        (r.method, r.path, r.query_string, r.headers, r.body) for r in desk.seen
    ]
    return Told(parts_of(said.removesuffix(b"<reset>")), seen)


@pytest.mark.parametrize("count", [240])
def test_both_lanes_say_the_same_to_the_same_bytes(count: int) -> None:
    """Whoever finds bytes that the lanes read differently can hide one request in another."""

    @settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
        derandomize=True,
    )
    @given(st.lists(requests(), min_size=1, max_size=3).map(b"".join), st.data())
    def both(raw: bytes, data: st.DataObject) -> None:
        raw += LAST
        cut = data.draw(st.integers(0, len(raw)))
        found = [trio.run(through, slow, raw, cut) for slow in (None, ())]
        assert found[0] == found[1]

    async def through(slow: tuple[bytes, ...] | None, raw: bytes, cut: int) -> Told:
        desk = Desk()
        settings_ = WebSettings(body_timeout_s=2.0)
        door_kit.SLOW = slow
        async with a_door(desk, patience=SHORT, settings=settings_) as door:
            return await told(door, desk, raw, cut)

    try:
        both()
    finally:
        door_kit.SLOW = None


@pytest.mark.parametrize("cut", [0, 17])
async def test_lines_that_end_in_lf_alone_are_refused_at_once(
    cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """h11 takes them, proxies may not: what some read as one line others read as two."""
    monkeypatch.setattr(door_kit, "SLOW", ())
    raw = b"GET / HTTP/1.1\r\nHost: a\n\n"
    desk = Desk()
    async with a_door(desk) as door:
        [_, (status, *_)] = (await told(door, desk, raw, cut)).said
    assert (status, desk.seen) == (b"HTTP/1.1 4", [])
