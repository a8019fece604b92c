"""The head of an HTTP/1.1 request that leaves no doubt. Pure: bytes in, a request or None out.

None is no verdict on the request: it goes to the lane that reads everything and knows how to
refuse. So whatever is unusual here (chunks, folded lines, repeated or unknown framing, upgrades,
expectations, HTTP/1.0) is left to it, and two readers can never disagree about where one ends.
"""

from __future__ import annotations

import re
from typing import Final

import attrs
import httptools

from lastlight.web.http import Headers
from protocol.limits import BODY_BYTES_MAX

_REQUEST_LINE: Final = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (/[!-~]*) HTTP/1\.1\r\n")
_FINE: Final = bytes((*b"\t\r\n", *range(0x20, 0x7F), *range(0x80, 0x100)))
_LENGTH: Final = re.compile("[0-9]{1,9}")
_UNUSUAL: Final = frozenset({"transfer-encoding", "expect", "upgrade", "te", "trailer"})
_ONCE: Final = frozenset({"host", "content-length", "connection"})


@attrs.frozen(kw_only=True)
class PlainHead:
    """A request but for its body, which has `body_bytes`, BODY_BYTES_MAX at most."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: Headers
    body_bytes: int
    keeps_alive: bool


@attrs.define(slots=True)
class _Heard:
    """What the parser calls."""

    headers: list[tuple[str, str]] = attrs.field(factory=list)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line."""
        text = value.strip(b" \t").decode("latin-1")
        self.headers.append((name.decode("ascii").lower(), text))


def read_head(block: bytes) -> PlainHead | None:
    """The head that `block` is, which ends in an empty line; None if it is not a plain one."""
    line = _REQUEST_LINE.match(block)
    if line is None or block.translate(None, _FINE):
        return None
    if block.find(b"\r\n\r\n") != len(block) - 4:
        return None
    ends = block.count(b"\r\n")
    if ends != block.count(b"\n") or ends != block.count(b"\r"):
        return None
    if b"\r\n " in block or b"\r\n\t" in block:
        return None
    heard = _Heard()
    try:
        parser = httptools.HttpRequestParser(heard)
        parser.feed_data(block)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade, UnicodeDecodeError):
        return None
    if len(heard.headers) != ends - 2:
        return None
    return _plain(line[1].decode(), line[2], tuple(heard.headers))


def _plain(method: str, target: bytes, headers: Headers) -> PlainHead | None:
    seen: dict[str, str] = {}
    for name, value in headers:
        if name in _UNUSUAL or (name in _ONCE and name in seen):
            return None
        seen[name] = value
    length, connection = seen.get("content-length", "0"), seen.get("connection", "").lower()
    if not seen.get("host") or _LENGTH.fullmatch(length) is None:
        return None
    if connection not in {"", "keep-alive", "close"} or int(length) > BODY_BYTES_MAX:
        return None
    raw_path, _, query_string = target.partition(b"?")
    if b"%" in raw_path:
        return None
    return PlainHead(
        method=method,
        raw_path=raw_path,
        query_string=query_string,
        headers=headers,
        body_bytes=int(length),
        keeps_alive=connection != "close",
    )
