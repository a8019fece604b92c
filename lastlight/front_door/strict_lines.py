"""Heads of HTTP/1.1 requests that can be read in two ways, refused before h11 reads them in one.

h11 takes lines that end in LF alone, folded lines, a length that is repeated, and a length beside
chunks. A proxy in front may see another end of the message there, and what one of the two takes
for a body is the other one's next request (RFC 9112 11.2).
"""

from __future__ import annotations

from typing import Final

import h11
from h11._receivebuffer import ReceiveBuffer

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})


def complaint_of(head: bytes) -> str | None:
    """What is ambiguous about the lines of a head, or of trailers, up to their empty line.

    They end as h11 sees it; that each is well-formed is h11's to say.
    """
    if not head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r"):
        return "lines of a request's head end in CR LF, not in LF alone"
    if b"\r\n " in head or b"\r\n\t" in head:
        return "a header goes on in a second line; send it in one"
    framing = [
        value
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
        if name.strip().lower() in _FRAMING
    ]
    if len(framing) > 1 or any(b"," in value for value in framing):
        return "how long the body is is said twice; send one content-length, or chunks"
    return None


class StrictLines(ReceiveBuffer):
    """h11's buffer, which says what it refused in `complaint`."""

    def __init__(self) -> None:
        super().__init__()
        self.complaint: str | None = None
        self._taken = bytearray()

    def _extract(self, count: int) -> bytearray:
        self._taken = super()._extract(count)
        return self._taken

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """The lines up to the next empty one, if they are here.

        Raises:
            h11.LocalProtocolError: they are ambiguous; h11 has it told to the client.
        """
        lines = super().maybe_extract_lines()
        if lines is not None and (found := complaint_of(bytes(self._taken))) is not None:
            self.complaint = found
            raise h11.LocalProtocolError(found)
        return lines
