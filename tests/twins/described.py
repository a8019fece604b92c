"""Whether an event is as the AsyncAPI document says, in each of its rooms.

The node reads its events by their classes; this looks at what a client gets, by the schemas that a
client is given. Every night of the tests has all of its events looked at.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from lastlight.asyncapi import asyncapi_document
from lastlight.realtime.frames import envelope_of, plain
from protocol.entries import RoomEvent


def complaints_of(event: RoomEvent) -> Iterator[str]:
    """What of an event is not as described; nothing if all is well."""
    found = _validator("messages", event.type)
    for room, seq in event.rooms:
        envelope = json.loads(json.dumps(plain(envelope_of(event, room, seq))))
        yield from (f"{event.type} in {room}: {error}" for error in found.iter_errors(envelope))


def complaints_of_message(said: Any) -> list[str]:
    """What of a message of the server over `/ws` is not as described."""
    return [str(error) for error in _validator("messages", said["op"]).iter_errors(said)]


@functools.cache
def _document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(asyncapi_document()))
    return made


@functools.cache
def _validator(kind: str, name: str) -> jsonschema_rs.Draft202012Validator:
    document = _document()
    payload = document["components"][kind][name]["payload"]
    whole = {"allOf": [payload], "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
