"""What a node and its flush process say to each other, and how it is cut out of their stream.

The flush process asks and tells, the node answers; asks are answered one at a time, in order. A
frame is its length (32 bits, little-endian) and one message in msgpack. Both ends are of one
release, so there are no versions here.
"""

from __future__ import annotations

import struct
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

import msgspec
import trio

from protocol.flush_limits import FLUSH_FRAME_BYTES_MAX

__all__ = [
    "Begin",
    "BeyondAsked",
    "Channel",
    "DurableBeyond",
    "Entries",
    "EntriesAsked",
    "Gone",
    "Holds",
    "HoldsAsked",
    "Lost",
    "Moved",
    "Released",
    "Unusable",
]

_LENGTH: Final = struct.Struct("<I")
_RECEIVE_BYTES: Final = 256 * 1024


class Begin(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Where the flush goes, and of which journal it is: the node's first word."""

    journal_id: UUID
    database_url: str
    log_level: str


class HoldsAsked(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Whether reading after an entry would miss nothing."""

    n: int


class Holds(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Answers `HoldsAsked`."""

    yes: bool


class BeyondAsked(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Asks to be told when something after an entry is durable."""

    n: int


class DurableBeyond(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Answers `BeyondAsked`: there is something."""


class Lost(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Answers `BeyondAsked`: a commit failed; what is durable ends at this entry."""

    durable_n: int


class EntriesAsked(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Asks for a batch after an entry."""

    after_n: int


class Entries(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Answers `EntriesAsked`: numbers and bytes, in order; none if nothing is durable there."""

    entries: list[tuple[int, bytes]]


class Released(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """Everything up to an entry is flushed and need not be kept. Not answered."""

    up_to_n: int


class Moved(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """How the flush stands; `refused_actors` are those not told of before. Not answered.

    `flushed_n` is None until the database has said how far it is.
    """

    flushed_n: int | None
    away: bool
    refused_rows: int
    refused_actors: list[str]
    flushes: int
    last_flush_s: float


class Unusable(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """The flush process's last word: this database must not be written, and why."""

    reason: str


_Message: TypeAlias = (
    Begin
    | HoldsAsked
    | Holds
    | BeyondAsked
    | DurableBeyond
    | Lost
    | EntriesAsked
    | Entries
    | Released
    | Moved
    | Unusable
)
M = TypeVar("M", bound=msgspec.Struct)


class Gone(Exception):
    """The other end has closed the stream, or its process ended."""


class Channel:
    """One end of the stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream: Final = stream
        self._sending: Final = trio.Lock()
        self._encoder: Final = msgspec.msgpack.Encoder()
        self._decoder: Final = msgspec.msgpack.Decoder(_Message)
        self._received = bytearray()

    async def send(self, message: msgspec.Struct) -> None:
        """Say something.

        Raises:
            Gone: nobody listens any more.
        """
        data = self._encoder.encode(message)
        async with self._sending:
            try:
                await self._stream.send_all(_LENGTH.pack(len(data)) + data)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise Gone from error

    async def receive(self) -> _Message:
        """What the other end says next.

        Raises:
            Gone: nothing more.
            msgspec.DecodeError: the ends are not of one release.
        """
        (length,) = _LENGTH.unpack(await self._exactly(_LENGTH.size))
        assert length <= FLUSH_FRAME_BYTES_MAX, f"a frame of {length} bytes"
        message: _Message = self._decoder.decode(await self._exactly(length))
        return message

    async def receive_a(self, kind: type[M]) -> M:
        """The next message, which must be of one kind. Raises as `receive`."""
        message = await self.receive()
        assert isinstance(message, kind), f"expected {kind.__name__}, got {message}"
        return message

    async def aclose(self) -> None:
        """Close this end; the other one's next word or wait raises `Gone`."""
        await trio.aclose_forcefully(self._stream)

    async def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            try:
                some = await self._stream.receive_some(_RECEIVE_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise Gone from error
            if not some:
                raise Gone
            self._received += some
        found = bytes(memoryview(self._received)[:size])
        del self._received[:size]
        return found
