"""What a client may say over `/ws`, read strictly: no unknown members, no wrong types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import attrs
import msgspec

from protocol.codec_json import Malformed, parse_json
from protocol.errors import Code, Refusal
from protocol.limits import IDEMPOTENCY_KEY_CHARS_MAX, INT64_MAX

_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=IDEMPOTENCY_KEY_CHARS_MAX)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]


@attrs.frozen
class Hello:
    """Who speaks. Said first, and again before the token ends."""

    token: str


@attrs.frozen
class Subscribe:
    """Hear a room, from after a place that was heard before."""

    room: _Short
    after_seq: _Seq | None = None
    epoch: _Short | None = None
    snapshot: bool = True
    """Whether a snapshot may take the place of events that are not there."""


@attrs.frozen
class Command:
    """A command of the operation table; its reply carries `id`."""

    id: _Short
    command: _Short
    data: dict[str, Any] = attrs.field(factory=dict)
    idempotency_key: _Key | None = None


@attrs.frozen
class Ack:
    """What has been taken in: a room up to a place, or one event: urgent copies have no place."""

    room: _Short
    seq: _Seq | None = None
    id: UUID | None = None


@attrs.frozen
class Ping:
    """Is anybody there?"""


ClientMessage = Hello | Subscribe | Command | Ack | Ping

_KINDS: Final[Mapping[str, type[Hello | Subscribe | Command | Ack | Ping]]] = {
    "hello": Hello,
    "subscribe": Subscribe,
    "command": Command,
    "ack": Ack,
    "ping": Ping,
}


@attrs.frozen
class Misread:
    """A message that is none. `id` is its own, if it had one that can be read."""

    refusal: Refusal
    id: str | None = None


def read_message(text: str | bytes) -> ClientMessage | Misread:
    """One message of a client."""
    if isinstance(text, bytes):
        return Misread(Refusal(Code.MALFORMED_REQUEST, "messages are text, not binary"))
    try:
        values = parse_json(text.encode())
    except (Malformed, UnicodeEncodeError) as error:
        return Misread(Refusal(Code.MALFORMED_REQUEST, str(error)))
    if not isinstance(values, dict):
        return Misread(Refusal(Code.MALFORMED_REQUEST, "a message is a JSON object with `op`"))
    return message_of(values.pop("op", None), values)


def message_of(op: object, values: dict[str, object]) -> ClientMessage | Misread:
    """The message called `op` with these members."""
    id_ = values.get("id")
    named = id_ if isinstance(id_, str) and len(id_) <= IDEMPOTENCY_KEY_CHARS_MAX else None
    kind = _KINDS.get(op) if isinstance(op, str) else None
    if kind is None:
        known = ", ".join(_KINDS)
        return Misread(Refusal(Code.MALFORMED_REQUEST, f"`op` must be one of {known}"), named)
    unknown = sorted(values.keys() - {field.name for field in attrs.fields(kind)})
    if unknown:
        detail = f"{op} has no member {str(unknown[0])[:64]!r}"
        return Misread(Refusal(Code.VALIDATION_FAILED, detail), named)
    try:
        message = msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        return Misread(Refusal(Code.VALIDATION_FAILED, f"{op}: {error}"), named)
    if isinstance(message, Ack) and message.seq is None and message.id is None:
        return Misread(Refusal(Code.VALIDATION_FAILED, "ack needs seq or the id of an event"))
    return message
