"""How the entries of one group commit are laid into one blob, and taken out again.

A group is one row: a commit is then a single statement, so the writer's thread asks for the
interpreter lock a handful of times per commit instead of several times per entry.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

__all__ = ["charge", "pack", "unpack"]

_LENGTH: Final = struct.Struct("<I")
_OVERHEAD_BYTES: Final = 32
"""What an entry costs besides its own bytes: its length, its part of row and page headers."""


def charge(data: bytes) -> int:
    """The bytes an entry counts for against the journal's bounds."""
    return len(data) + _OVERHEAD_BYTES


def pack(entries: Sequence[bytes]) -> bytes:
    """One blob of all entries, each after its length (32 bits, little-endian)."""
    parts: list[bytes] = []
    for data in entries:
        parts.append(_LENGTH.pack(len(data)))
        parts.append(data)
    return b"".join(parts)


def unpack(blob: bytes) -> list[bytes]:
    """The entries of a blob made by `pack`.

    Raises:
        ValueError: the lengths don't add up to the blob's.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(blob):
        if at + _LENGTH.size > len(blob):
            raise ValueError(f"a length is cut off at byte {at} of {len(blob)}")
        (length,) = _LENGTH.unpack_from(blob, at)
        at += _LENGTH.size
        if at + length > len(blob):
            raise ValueError(f"an entry of {length} bytes is cut off at byte {at} of {len(blob)}")
        entries.append(blob[at : at + length])
        at += length
    return entries
