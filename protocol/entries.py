"""A journal entry: everything that follows from one message, in one piece.

Entries are msgpack, versioned: a release reads its predecessor's. Records travel by their table's
name; messages as in `protocol.messages`. An entry names the message that caused it, uniquely, so
what is sent and not yet caused is pending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from protocol.addresses import Address
from protocol.messages import Message, message_from_wire, message_to_wire
from protocol.records.base import RECORDS, Record

ENTRY_VERSION: Final = 1
_DUTY: Final = "duty_places"


@attrs.frozen(kw_only=True)
class RoomEvent:
    """One event as it goes out: to several rooms, with the place it has in each.

    A durable event has a `seq` per room. An ephemeral one, and the urgent copy of a durable one,
    have none. Connections of `hide_from` get an empty event in its place (Rule 8, silent SOS).
    """

    id: UUID
    type: str
    venue_id: UUID | None
    occurred_at: datetime
    data: Mapping[str, Any]
    rooms: tuple[tuple[str, int | None], ...]
    version: int = 1
    hide_from: UUID | None = None


@attrs.frozen(kw_only=True)
class Entry:
    """One actor's outcome as it is written.

    `removes` holds the table and primary key of rows that end; `appends` rows that nobody changes
    again. Ephemeral events are not part of it.
    """

    actor: Address
    at: datetime
    cause: UUID | None
    changes: tuple[Record, ...] = ()
    removes: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    appends: tuple[Record, ...] = ()
    events: tuple[RoomEvent, ...] = ()
    sends: tuple[Message, ...] = ()


class _Wire(msgspec.Struct, array_like=True, gc=False):
    """An entry as it is journaled. Records and messages stay bytes until it is known what they
    are, so that each is read once, as its own class."""

    version: int
    actor: Address
    at: datetime
    cause: UUID | None
    changes: list[tuple[str, msgspec.Raw]]
    removes: list[tuple[str, list[Any]]]
    appends: list[tuple[str, msgspec.Raw]]
    events: tuple[RoomEvent, ...]
    sends: list[msgspec.Raw]


class _Named(msgspec.Struct, array_like=True, gc=False):
    """A message, of which only the name is read."""

    id: UUID


class _Versioned(msgspec.Struct, array_like=True, gc=False):
    """An entry of any release, of which only the version is read."""

    version: int


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder()
_wire_decoder: Final = msgspec.msgpack.Decoder(_Wire)
_name_decoder: Final = msgspec.msgpack.Decoder(_Named)
_version_decoder: Final = msgspec.msgpack.Decoder(_Versioned)


def encode_entry(entry: Entry) -> bytes:
    """The entry as bytes for the journal."""
    return _encoder.encode(
        (
            ENTRY_VERSION,
            entry.actor,
            entry.at,
            entry.cause,
            [(record.table.name, record) for record in entry.changes],
            entry.removes,
            [(record.table.name, record) for record in entry.appends],
            entry.events,
            [message_to_wire(message) for message in entry.sends],
        )
    )


def decode_entry(data: bytes) -> Entry:
    """Read back an entry.

    Raises:
        EntryUnreadable: it is no entry, or one of a newer release.
    """
    with _reading():
        wire = _wire_of(data)
        return Entry(
            actor=wire.actor,
            at=wire.at,
            cause=wire.cause,
            changes=_records(wire.changes),
            removes=_keys(wire.removes, wire.actor),
            appends=_records(wire.appends),
            events=wire.events,
            sends=tuple(message_from_wire(_decoder.decode(sent)) for sent in wire.sends),
        )


@attrs.frozen(kw_only=True)
class EntryRows:
    """An entry as the write-behind needs it: its sends stay as bytes."""

    actor: Address
    cause: UUID | None
    changes: tuple[Record, ...]
    removes: tuple[tuple[str, tuple[Any, ...]], ...]
    appends: tuple[Record, ...]
    events: tuple[RoomEvent, ...]
    sends: tuple[tuple[UUID, bytes], ...]
    """Id of each message, and what `decode_message` reads."""


def decode_rows(data: bytes) -> EntryRows:
    """Read the rows of an entry.

    Raises:
        EntryUnreadable: as in `decode_entry`.
    """
    with _reading():
        wire = _wire_of(data)
        return EntryRows(
            actor=wire.actor,
            cause=wire.cause,
            changes=_records(wire.changes),
            removes=_keys(wire.removes, wire.actor),
            appends=_records(wire.appends),
            events=wire.events,
            sends=tuple((_name_decoder.decode(sent).id, bytes(sent)) for sent in wire.sends),
        )


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever does not fit makes an entry unreadable."""
    try:
        yield
    except (msgspec.DecodeError, KeyError, ValueError, TypeError) as error:
        raise EntryUnreadable(f"journal entry can't be read: {error!r}") from error


def _wire_of(data: bytes) -> _Wire:
    """What an entry of a version that is read here says."""
    try:
        wire = _wire_decoder.decode(data)
    except msgspec.ValidationError:
        _check_version(_version_decoder.decode(data).version)
        raise
    _check_version(wire.version)
    return wire


def _check_version(version: int) -> None:
    if version != ENTRY_VERSION:
        raise EntryUnreadable(
            f"journal entry of version {version}; this release reads {ENTRY_VERSION}"
        )


def _records(pairs: list[tuple[str, msgspec.Raw]]) -> tuple[Record, ...]:
    return tuple([_decoder_of(table).decode(values) for table, values in pairs])


@cache
def _decoder_of(table: str) -> msgspec.msgpack.Decoder[Record]:
    return msgspec.msgpack.Decoder(RECORDS[table])


def _keys(
    removes: list[tuple[str, list[Any]]], actor: Address
) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Key values as their record's columns have them; only ids need it."""
    return tuple(
        (
            table,
            tuple(
                UUID(value) if is_id and isinstance(value, str) else value
                for value, is_id in zip(_whole(table, key, actor), _ids_of(table), strict=True)
            ),
        )
        for table, key in removes
    )


def _whole(table: str, key: list[Any], actor: Address) -> list[Any]:
    """In 0.2 somebody on duty was named without the venue, which is whose entry it is."""
    return [actor.id, *key] if table == _DUTY and len(key) == 1 else key


@cache
def _ids_of(table: str) -> tuple[bool, ...]:
    """Which columns of a table's key hold ids."""
    fields = {field.name: field.type for field in attrs.fields(RECORDS[table])}  # type: ignore[arg-type]
    return tuple("UUID" in str(fields[column]) for column in RECORDS[table].table.key)


class EntryUnreadable(Exception):
    """A journal entry is damaged or of a newer release. Nothing was done with it."""


def encode_message(message: Message) -> bytes:
    """A message as it is kept in `runtime.pending_sends`."""
    return _encoder.encode(message_to_wire(message))


def decode_message(data: bytes) -> Message:
    """Read back what `encode_message` made.

    Raises:
        EntryUnreadable: as in `decode_entry`.
    """
    with _reading():
        return message_from_wire(_decoder.decode(data))
