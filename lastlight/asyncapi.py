"""The AsyncAPI 3.0 document: rooms, what is told in them, and what is said over sockets.

Made of the classes that events and messages are, and of the table by which views are folded; so it
can't promise an event that isn't there. The same for the same code, like the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lastlight.asyncapi_parts import (
    BOUNDS,
    CLOSES,
    add_envelope,
    add_view,
    client_messages,
    event_messages,
    handshake,
    server_messages,
)
from lastlight.openapi import API_VERSION
from lastlight.openapi_parts import add_problem
from lastlight.openapi_schemas import Schemas
from protocol.events import EVENTS, Audience
from protocol.events.system import SystemActorRestarted, SystemSettingsChanged
from protocol.folding import table_as_json
from protocol.operations.table import OPERATIONS

_DESCRIPTION: Final = (
    "Each room numbers its durable events without a gap. Whoever gives back `epoch` and `seq` of "
    "what was heard last gets what was missed, or a snapshot and everything after it: both come to "
    "the same, by the table in `x-fold`. Ephemeral events have no number; of those of one type the "
    "newest wins. Urgent ones come at once as a copy without a number, and again in their place. "
    "How to write a client: docs/clients.md."
)
_ROOMS: Final[dict[Audience, tuple[str, str]]] = {
    Audience.PATRONS: ("patrons", "For guests, while they are there."),
    Audience.STAFF: ("staff", "For those who work at the venue."),
    Audience.MANAGEMENT: ("management", "For those who manage the venue."),
    Audience.OWNER: ("owner", "For those who own the venue."),
    Audience.USER: ("user", "For oneself."),
}
HOUSE_WIDE: Final = (SystemActorRestarted, SystemSettingsChanged)
"""What the room `owner` is told: what belongs to no single venue."""
_REPLIES: Final[dict[str, tuple[str, ...]]] = {
    "hello": ("welcome", "error"),
    "subscribe": ("subscribed", "error"),
    "command": ("reply", "error"),
    "ack": (),
    "ping": ("pong",),
}


def asyncapi_document() -> dict[str, Any]:
    """The whole document as plain values; some milliseconds of work, so keep it."""
    schemas = Schemas()
    add_problem(schemas)
    add_envelope(schemas)
    add_view(schemas)
    told = event_messages(schemas)
    asked, answered = client_messages(schemas), server_messages(schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Last Light",
            "version": API_VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {**_connections([*asked, *answered], handshake(schemas)), **_rooms()},
        "operations": {**_conversation(asked), **_telling()},
        "components": {
            "schemas": schemas.components(),
            "messages": {**told, **asked, **answered},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of a sign-in, said in the first message.",
                }
            },
        },
        "x-fold": table_as_json(),
        "x-closes": CLOSES,
        "x-bounds": BOUNDS,
        "x-commands": [row.name for row in OPERATIONS if row.socket and not row.precondition],
    }


def _connections(names: Iterable[str], auth: dict[str, Any]) -> dict[str, Any]:
    """A channel for each way to connect; `auth` is what a Socket.IO client gives to be let in."""
    bare = {name for name in names if not name.startswith("io.")}
    return {
        "connection": {
            "address": "/ws",
            "title": "One connection",
            "summary": "JSON objects in text frames, told apart by `op`.",
            "servers": [{"$ref": "#/servers/websocket"}],
            "messages": _messages(name for name in names if name in bare),
            "bindings": {
                "ws": {
                    "method": "GET",
                    "headers": {
                        "type": "object",
                        "properties": {"Sec-WebSocket-Protocol": {"const": "lastlight.v1"}},
                    },
                    "bindingVersion": "0.1.0",
                }
            },
        },
        "socketio": {
            "address": "/socket.io/",
            "title": "One connection of Socket.IO",
            "summary": (
                "Events of these names with one argument, without `io.`; answers are "
                "acknowledgements, of no `{problem}`. The events of rooms come under their types. "
                "The handshake's `auth` has the `token`, and may have `cursors`: the place in each "
                "room up to which the client has its events. It is told that it is `recovered`, "
                "by the `pid` it gave, if all that follows those places is given to it."
            ),
            "servers": [{"$ref": "#/servers/socketio"}],
            "messages": _messages(name for name in names if name not in bare),
            "x-auth": auth,
        },
    }


def _rooms() -> dict[str, Any]:
    """A channel for each kind of room; those who are in it are told its events."""
    found: dict[str, Any] = {}
    for audience, (name, summary) in _ROOMS.items():
        whose = "user" if audience is Audience.USER else "venue"
        types = (kind for kind, event in sorted(EVENTS.items()) if audience in event.audience)
        found[name] = {
            "address": audience.value.replace("{id}", f"{{{whose}_id}}"),
            "summary": summary,
            "parameters": {f"{whose}_id": {"description": f"Id of the {whose}, a UUID."}},
            "messages": _messages(types),
        }
    found["owners"] = {
        "address": "owner",
        "summary": "For those who own every venue: what belongs to no single one.",
        "messages": _messages(event.type for event in HOUSE_WIDE),
    }
    return found


def _messages(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _conversation(asked: Iterable[str]) -> dict[str, Any]:
    """What a client says, and what it is answered; then the frame that events come in."""
    found: dict[str, Any] = {}
    for name in asked:
        channel = "socketio" if name.startswith("io.") else "connection"
        prefix = name[: name.rfind(".") + 1]
        found[name] = {"action": "receive", **_on(channel, [name])}
        if replies := [f"{prefix}{reply}" for reply in _REPLIES[name.removeprefix(prefix)]]:
            found[name]["reply"] = _on(channel, replies)
    found["event"] = {"action": "send", **_on("connection", ["event"])}
    found["io.cursor"] = {"action": "send", **_on("socketio", ["io.cursor"])}
    return found


def _telling() -> dict[str, Any]:
    """What is told in each kind of room: the `event` inside the frames of `/ws`."""
    return {
        f"tell_{name}": {"action": "send", **_on(name, channel["messages"])}
        for name, channel in _rooms().items()
    }


def _on(channel: str, names: Iterable[str]) -> dict[str, Any]:
    where = f"#/channels/{channel}"
    return {
        "channel": {"$ref": where},
        "messages": [{"$ref": f"{where}/messages/{name}"} for name in names],
    }


_SERVERS: Final[dict[str, Any]] = {
    "websocket": {
        "host": "{host}",
        "pathname": "/ws",
        "protocol": "ws",
        "summary": "WebSocket with subprotocol lastlight.v1; wss where the node has TLS.",
        "variables": {"host": {"default": "127.0.0.1:3000"}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    },
    "socketio": {
        "host": "{host}",
        "pathname": "/socket.io/",
        "protocol": "socket.io",
        "protocolVersion": "5",
        "summary": "Socket.IO 4 clients; an event's name is its type, its argument the payload.",
        "variables": {"host": {"default": "127.0.0.1:3000"}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    },
}
