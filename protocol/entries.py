"""A journal entry: everything that follows from one message, in one piece.

Entries are msgpack, versioned: a release reads its predecessor's. Records travel by their table's
name; messages as in `protocol.messages`. An entry names the message that caused it, uniquely, so
what is sent and not yet caused is pending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from protocol.addresses import Address
from protocol.messages import Message, message_from_wire, message_to_wire
from protocol.records.base import RECORDS, Record

ENTRY_VERSION: Final = 1


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


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder()


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
        at, sends, rows = _parts(data)
        messages = tuple(message_from_wire(wire) for wire in sends)
        return Entry(at=at, sends=messages, **rows)


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
        _, sends, rows = _parts(data)
        kept = tuple((UUID(wire[0]), _encoder.encode(wire)) for wire in sends)
        return EntryRows(sends=kept, **rows)


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever does not fit makes an entry unreadable."""
    try:
        yield
    except (msgspec.DecodeError, KeyError, ValueError, TypeError) as error:
        raise EntryUnreadable(f"journal entry can't be read: {error!r}") from error


def _parts(data: bytes) -> tuple[datetime, Any, dict[str, Any]]:
    """The time of an entry, its sends as plain values, and everything else by name."""
    version, *rest = _decoder.decode(data)
    if version != ENTRY_VERSION:
        raise EntryUnreadable(
            f"journal entry of version {version}; this release reads {ENTRY_VERSION}"
        )
    actor, at, cause, changes, removes, appends, events, sends = rest
    return (
        at,
        sends,
        {
            "actor": msgspec.convert(actor, Address),
            "cause": msgspec.convert(cause, UUID | None),
            "changes": _records(changes),
            "removes": tuple((table, _key(table, key)) for table, key in removes),
            "appends": _records(appends),
            "events": msgspec.convert(events, tuple[RoomEvent, ...]),
        },
    )


def _records(pairs: Any) -> tuple[Record, ...]:
    return tuple(msgspec.convert(values, RECORDS[table]) for table, values in pairs)


def _key(table: str, key: Any) -> tuple[Any, ...]:
    """Key values as their record's columns have them; only ids need it."""
    fields = {field.name: field.type for field in attrs.fields(RECORDS[table])}  # type: ignore[arg-type]
    return tuple(
        UUID(value) if "UUID" in str(fields[column]) and isinstance(value, str) else value
        for column, value in zip(RECORDS[table].table.key, key, strict=True)
    )


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
