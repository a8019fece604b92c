"""What a connection's first bytes say about it. Pure: bytes in, a verdict out.

Only a complete and correct WebSocket handshake for a path that has sockets is taken for one.
Everything else, wrong handshakes too, goes to the HTTP lane, which knows how to answer no. The
answer is written from what was understood, so that no library behind the door ever sees a header
that somebody made up to upset it.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import re
from collections.abc import Collection
from typing import Final

import attrs

from lastlight.web.http import Headers
from protocol.limits import HEADER_BYTES_MAX

BARE_LF: Final = re.compile(rb"(?<!\r)\n")
"""An end of a line that some take for one and others don't."""
_HTTP2_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_GET: Final = b"GET "
_REQUEST_LINE: Final = re.compile(rb"GET ([\x21-\x7e]+) HTTP/1\.1")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*?)[ \t]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_WEBSOCKET_VERSION: Final = "13"
_KEY_BYTES: Final = 16
_ACCEPT_SUFFIX: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Lane(enum.Enum):
    """Where a connection goes when it is no WebSocket."""

    HTTP1 = "http/1.1"
    HTTP2 = "h2"


@attrs.frozen(kw_only=True)
class Upgrade:
    """A WebSocket handshake that was understood."""

    path: str
    query_string: bytes
    headers: Headers
    key: str
    subprotocols: tuple[str, ...]

    def acceptance(self, subprotocol: str | None) -> bytes:
        """The answer with which the WebSocket begins (RFC 6455 4.2.2)."""
        digest = hashlib.sha1(self.key.encode("ascii") + _ACCEPT_SUFFIX, usedforsecurity=False)
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(digest.digest()).decode('ascii')}",
        ]
        if subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")


def decide_opening(buffer: bytes, socket_paths: Collection[str]) -> Lane | Upgrade | None:
    """Which way a connection goes that began with `buffer`; None while more bytes are needed.

    Args:
        buffer: all bytes so far, at least one.
        socket_paths: the paths at which a WebSocket may begin.

    Returns:
        Never None once the headers are complete or longer than HEADER_BYTES_MAX.
    """
    if buffer.startswith(_HTTP2_PREFACE[: len(buffer)]):
        return Lane.HTTP2 if len(buffer) >= len(_HTTP2_PREFACE) else None
    if buffer.startswith(_HTTP2_PREFACE):
        return Lane.HTTP2
    if not buffer.startswith(_GET[: len(buffer)]):
        return Lane.HTTP1
    end = buffer.find(b"\r\n\r\n", 0, HEADER_BYTES_MAX)
    if end < 0:
        # The HTTP lane has the same bound and says so to the client.
        is_odd = len(buffer) >= HEADER_BYTES_MAX or BARE_LF.search(buffer) is not None
        return Lane.HTTP1 if is_odd else None
    if end + 4 != len(buffer):
        return Lane.HTTP1  # who begins a WebSocket waits for our 101 (RFC 6455 4.1)
    upgrade = _upgrade_of(buffer[:end])
    if upgrade is None or upgrade.path not in socket_paths:
        return Lane.HTTP1
    return upgrade


def _upgrade_of(block: bytes) -> Upgrade | None:
    first, *lines = block.split(b"\r\n")
    matched = _REQUEST_LINE.fullmatch(first)
    if matched is None:
        return None
    pairs = [_HEADER.fullmatch(line) for line in lines]
    headers = tuple(
        (pair[1].decode("ascii").lower(), pair[2].decode("latin-1"))
        for pair in pairs
        if pair is not None
    )
    if len(headers) != len(lines) or not _asks_for_websocket(headers):
        return None
    keys = [value for name, value in headers if name == "sec-websocket-key"]
    if len(keys) != 1 or not _is_key(keys[0]):
        return None
    path, _, query_string = matched[1].partition(b"?")
    return Upgrade(
        path=path.decode("ascii"),
        query_string=query_string,
        headers=headers,
        key=keys[0],
        subprotocols=tuple(
            token for token in _tokens(headers, "sec-websocket-protocol") if _TOKEN.fullmatch(token)
        ),
    )


def _asks_for_websocket(headers: Headers) -> bool:
    """Section 4.2.1 of RFC 6455, its key excepted."""
    names = [name for name, _ in headers]
    return (
        names.count("host") == 1
        and "content-length" not in names
        and "transfer-encoding" not in names
        and "websocket" in {token.lower() for token in _tokens(headers, "upgrade")}
        and "upgrade" in {token.lower() for token in _tokens(headers, "connection")}
        and _tokens(headers, "sec-websocket-version") == [_WEBSOCKET_VERSION]
    )


def _tokens(headers: Headers, wanted: str) -> list[str]:
    joined = ",".join(value for name, value in headers if name == wanted)
    return [token.strip() for token in joined.split(",") if token.strip()]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
