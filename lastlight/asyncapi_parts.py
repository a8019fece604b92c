"""What is said over sockets, as schemas: the client's messages, the server's, and the envelope.

The client's are made of the classes that its messages are read into, the events of theirs. What the
server says besides is described here by hand; tests hold a connection's every word to it.
"""

from __future__ import annotations

from typing import Any, Final, get_args

import msgspec

from lastlight.openapi_schemas import Schema, Schemas
from lastlight.realtime.messages import ClientMessage
from lastlight.socketio.auth import Auth, Cursor
from protocol.events import EVENTS
from protocol.folding import table_as_json
from protocol.limits import (
    CONNECTION_QUEUE_EVENTS,
    SOCKET_HELLO_S,
    SOCKET_MESSAGE_BYTES_MAX,
    SOCKET_MESSAGES_PER_S,
    SOCKET_PING_S,
    SOCKET_ROOMS_MAX,
    SOCKET_TOKEN_GRACE_S,
    SOCKETS_PER_USER_MAX,
)

_REFERENCE: Final = "#/components/schemas/{name}"
_TEXT: Final[Schema] = {"type": "string"}
_ID: Final[Schema] = {"type": "string", "format": "uuid"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_SEQ: Final[Schema] = {
    "type": "integer",
    "minimum": 0,
    "description": "The place in the room; each durable event has the next one.",
}
_PROBLEM: Final[Schema] = {"$ref": _REFERENCE.format(name="Problem")}
_ENVELOPE: Final[Schema] = {"$ref": _REFERENCE.format(name="Envelope")}

CLOSES: Final[dict[str, str]] = {
    "4401": "no hello in time, or a token that counts no more: sign in or refresh, then come back",
    "4403": "a room that is not, or no longer, yours: come back without it",
    "4408": "too slow: come back and resume",
    "4429": "too many messages, or too many connections: come back later",
}
"""Close codes of the server's own; after any other one a client comes back and resumes."""

BOUNDS: Final[dict[str, float]] = {
    "message_bytes_max": SOCKET_MESSAGE_BYTES_MAX,
    "messages_per_s": SOCKET_MESSAGES_PER_S,
    "rooms_max": SOCKET_ROOMS_MAX,
    "connections_per_user_max": SOCKETS_PER_USER_MAX,
    "events_waiting_max": CONNECTION_QUEUE_EVENTS,
    "hello_within_s": SOCKET_HELLO_S,
    "hello_again_within_s": SOCKET_TOKEN_GRACE_S,
    "ping_interval_s": SOCKET_PING_S,
}
"""What a connection is held to; `hello_again_within_s` is from the token's end."""


def add_envelope(schemas: Schemas) -> None:
    """Put in what every event comes in."""
    schemas.add(
        "Envelope",
        {
            "type": "object",
            "description": "One event. Without `seq` it is ephemeral, or the urgent copy of a "
            "durable one, whose numbered place follows.",
            "properties": {
                "id": {**_ID, "description": "Of the event; the same in all of its rooms."},
                "room": _TEXT,
                "seq": _SEQ,
                "type": {"type": "string", "enum": sorted(EVENTS)},
                "venue_id": {"type": ["string", "null"], "format": "uuid"},
                "occurred_at": _MOMENT,
                "version": {"type": "integer", "description": "Of what changed."},
                "data": {"type": "object"},
            },
            "required": ["id", "room", "type", "venue_id", "occurred_at", "version", "data"],
            "additionalProperties": False,
        },
    )


def event_messages(schemas: Schemas) -> dict[str, Any]:
    """A message for each event, by its type."""
    found = {}
    for name, event in sorted(EVENTS.items()):
        data = schemas.of(event)
        shape = {"properties": {"type": {"const": name}, "data": data}}
        found[name] = {
            "name": name,
            "title": event.__name__,
            "summary": schemas.components()[event.__name__]["description"],
            "payload": {"allOf": [_ENVELOPE, shape]},
            "x-delivery": "durable" if event.durable else "ephemeral",
            "x-urgent": event.urgent,
        }
    return found


def client_messages(schemas: Schemas) -> dict[str, Any]:
    """What a client may say: over `/ws` by `op`, over Socket.IO as `io.` and the event's name."""
    kinds = {cls.__name__.lower(): cls for cls in get_args(ClientMessage)}
    _, components = msgspec.json.schema_components(kinds.values(), ref_template=_REFERENCE)
    found = {}
    for op, cls in kinds.items():
        shape = components[cls.__name__]
        summary, members = shape["description"], shape["properties"]
        optional = tuple(name for name in members if name not in shape["required"])
        payload = schemas.add(f"{cls.__name__}Message", _said(op, members, optional))
        found[op] = {"name": op, "summary": summary, "payload": payload}
        argument = {name: member for name, member in members.items() if (op, name) not in _WS_ONLY}
        payload = schemas.add(f"{cls.__name__}Argument", _object(argument, optional))
        found[f"io.{op}"] = {"name": op, "summary": summary, "payload": payload}
    return found


def handshake(schemas: Schemas) -> Schema:
    """What a Socket.IO client gives as `auth`: who it is, and where it was."""
    _, components = msgspec.json.schema_components([Auth], ref_template=_REFERENCE)
    for cls in (Auth, Cursor):
        shape = components[cls.__name__]
        optional = tuple(name for name in shape["properties"] if name not in shape["required"])
        described = {"description": shape["description"], **_object(shape["properties"], optional)}
        schemas.add(cls.__name__, described)
    return {"$ref": _REFERENCE.format(name=Auth.__name__)}


def server_messages(schemas: Schemas) -> dict[str, Any]:
    """What the server says besides events; see `client_messages`.

    Over Socket.IO these are the arguments of acknowledgements, or of events of these names where
    no acknowledgement was asked for. `io.cursor` is an event: a place with nothing new to show.
    """
    found = {}
    for op, (summary, members, optional) in _SERVER.items():
        payload = schemas.add(f"{op.title()}Message", _said(op, members, optional))
        found[op] = {"name": op, "summary": summary, "payload": payload}
        if op == "event":
            continue
        argument = {name: member for name, member in members.items() if (op, name) not in _WS_ONLY}
        payload = schemas.add(f"{op.title()}Argument", _object(argument, optional))
        found[f"io.{op}"] = {"name": op, "summary": summary, "payload": payload}
    cursor = {"room": _TEXT, "seq": _SEQ, "id": _ID, "type": _TEXT}
    found["io.cursor"] = {
        "name": "cursor",
        "summary": "The place of an event that came before as an urgent copy, or is not yours.",
        "payload": schemas.add("CursorArgument", _object(cursor, ("id", "type"))),
    }
    return found


def add_view(schemas: Schemas) -> None:
    """Put in what a snapshot is made of: sections of entries, as the fold table names them."""
    entry: Schema = {"type": "object"}
    sections = {
        name: entry if bound["max"] is None else {**entry, "additionalProperties": entry}
        for name, bound in table_as_json()["sections"].items()
    }
    schemas.add(
        "View",
        {
            "type": "object",
            "description": "What the events of a room come to, by `x-fold`. A section that holds "
            "nothing is not there. The order of a section's members counts: oldest first.",
            "properties": sections,
            "additionalProperties": False,
        },
    )


def _said(op: str, members: dict[str, Schema], optional: tuple[str, ...]) -> Schema:
    return _object({"op": {"const": op}, **members}, optional)


def _object(members: dict[str, Schema], optional: tuple[str, ...]) -> Schema:
    return {
        "type": "object",
        "properties": members,
        "required": [name for name in members if name not in optional],
        "additionalProperties": False,
    }


_WS_ONLY: Final = {("command", "id"), ("reply", "id"), ("error", "id")}
"""Members by which an answer is found over `/ws`; Socket.IO has acknowledgements."""
_OWN_ID: Final[Schema] = {**_TEXT, "description": "Of the command that it answers."}
_SERVER: Final[dict[str, tuple[str, dict[str, Schema], tuple[str, ...]]]] = {
    "welcome": (
        "A hello was good; another one is due before `expires_at`.",
        {
            "user_id": _ID,
            "display_name": _TEXT,
            "expires_at": _MOMENT,
            "server_time": _MOMENT,
            "ping_interval_s": {"type": "number"},
        },
        (),
    ),
    "subscribed": (
        (
            "Where a room stands; what was missed follows. A snapshot is the room at `seq`, to "
            "begin anew from; everything after it follows."
        ),
        {
            "room": _TEXT,
            "epoch": {**_TEXT, "description": "Whose numbers `seq` is of; to be given back."},
            "seq": _SEQ,
            "snapshot": {
                "type": "object",
                "properties": {
                    "view": {"$ref": _REFERENCE.format(name="View")},
                    "latest": {
                        "type": "array",
                        "description": "The newest ephemeral event of each type.",
                        "items": _ENVELOPE,
                    },
                },
                "required": ["view", "latest"],
                "additionalProperties": False,
            },
        },
        ("snapshot",),
    ),
    "event": (
        (
            "An event in a room. Null is a place that is not yours to see. With `id` beside it the "
            "event came before as an urgent copy, and only its place is new."
        ),
        {
            "room": _TEXT,
            "seq": _SEQ,
            "id": _ID,
            "event": {
                "anyOf": [
                    _ENVELOPE,
                    {
                        "type": "object",
                        "properties": {"id": _ID, "type": _TEXT},
                        "required": ["id", "type"],
                        "additionalProperties": False,
                    },
                    {"type": "null"},
                ]
            },
        },
        ("seq", "id"),
    ),
    "reply": (
        "A command was done: status and body of its route's answer.",
        {"id": _OWN_ID, "status": {"type": "integer", "minimum": 200, "maximum": 299}, "data": {}},
        (),
    ),
    "error": (
        "A message was not understood or not done.",
        {"id": _OWN_ID, "problem": _PROBLEM},
        ("id",),
    ),
    "pong": ("The answer to a ping.", {}, ()),
}
