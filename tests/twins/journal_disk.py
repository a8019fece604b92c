"""The disk of a journal in memory: what outlives it, as a directory outlives a process.

As in the real journal a group commit is one row with a checksum, of all entries or of none: what
is cut off while it is written is not there when the journal is opened or read anew.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid4

import attrs

from protocol.entries import EntryRows, decode_rows
from storage.journal.frames import charge, pack, unpack

__all__ = ["Kept", "MemoryDisk", "row_of"]

_HEAD: Final = struct.Struct("<QdLL")
"""The first entry's number, when it was committed, and the length and CRC-32 of what follows."""


@attrs.frozen(kw_only=True)
class Kept:
    """An entry that is written."""

    n: int
    data: bytes
    total: int
    committed_at_s: float


def row_of(first_n: int, entries: Sequence[bytes], at_s: float) -> bytes:
    """A group as it is written."""
    blob = pack(entries)
    return _HEAD.pack(first_n, at_s, len(blob), zlib.crc32(blob)) + blob


@attrs.define(kw_only=True)
class MemoryDisk:
    """What survives the end of a `MemoryJournal`."""

    journal_id: UUID = attrs.field(factory=uuid4)
    entries: list[Kept] = attrs.field(factory=list)
    gaps: list[tuple[int, int]] = attrs.field(factory=list)
    kept_after_n: int = 0
    kept_after_total: int = 0
    tail: bytes = b""
    """As much of the newest row as was written; nobody knows yet whether that is all of it."""

    @property
    def last_n(self) -> int:
        """The last entry that was ever committed."""
        return self.entries[-1].n if self.entries else self.kept_after_n

    @property
    def last_total(self) -> int:
        """What all entries ever committed were charged."""
        return self.entries[-1].total if self.entries else self.kept_after_total

    def known(self) -> list[bytes]:
        """What is written of entries, oldest first."""
        return [kept.data for kept in self.entries]

    def decoded(self) -> list[EntryRows]:
        """The same, read."""
        return [_decoded(data) for data in self.known()]

    def settle(self) -> None:
        """Take the tail for what it is: a whole row, or nothing."""
        row, self.tail = self.tail, b""
        if len(row) < _HEAD.size:
            return
        first_n, at_s, length, crc = _HEAD.unpack_from(row)
        blob = row[_HEAD.size :]
        if len(blob) != length or zlib.crc32(blob) != crc:
            return
        for n, data in enumerate(unpack(blob), start=first_n):
            total = self.last_total + charge(data)
            self.entries.append(Kept(n=n, data=data, total=total, committed_at_s=at_s))


@lru_cache(maxsize=10_000)
def _decoded(data: bytes) -> EntryRows:
    # Worlds have their past in common, so most of it is read once for all of them.
    return decode_rows(data)
