"""The AsyncAPI document: of the official form, whole, and true to the classes it is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from lastlight.asyncapi import asyncapi_document
from lastlight.realtime.messages import _KINDS
from lastlight.socketio.auth import read_auth
from protocol.errors import Refusal
from protocol.events import EVENTS, Audience
from protocol.folding import table_as_json
from tests.clients.javascript import packages


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as a client reads it."""
    made: dict[str, Any] = json.loads(json.dumps(asyncapi_document(), allow_nan=False))
    return made


def references(value: Any) -> Iterator[str]:
    """Everything that is referred to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolved(document: dict[str, Any], reference: str) -> Any:
    """What a reference leads to."""
    value: Any = document
    for token in reference.removeprefix("#/").split("/"):
        value = value[token]
    return value


def test_it_is_of_the_official_form(document: dict[str, Any]) -> None:
    """Generators of clients read any document of this form, and only those."""
    schema = packages() / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    form = jsonschema_rs.Draft7Validator(json.loads(schema.read_text()))
    assert [str(error) for error in form.iter_errors(document)] == []
    broken = {**document, "operations": {"x": {"action": "sing", "channel": {}}}}
    assert not form.is_valid(broken)


def test_everything_referred_to_is_there_and_everything_there_is_referred_to(
    document: dict[str, Any],
) -> None:
    """A reference to nothing stops a generator; what nothing uses misleads."""
    found = set(references(document))
    for reference in found:
        assert resolved(document, reference), reference
    for kind in ("schemas", "messages"):
        named = {f"#/components/{kind}/{name}" for name in document["components"][kind]}
        assert named <= found, named - found


def test_messages_of_an_operation_are_its_channels_own(document: dict[str, Any]) -> None:
    """AsyncAPI asks for it, and its schema can't say so."""
    for operation in document["operations"].values():
        for part in (operation, operation.get("reply", operation)):
            channel = part["channel"]["$ref"]
            assert part["messages"], channel
            for message in part["messages"]:
                assert message["$ref"].startswith(f"{channel}/messages/")


def test_every_event_is_in_it_in_the_rooms_of_its_audience(document: dict[str, Any]) -> None:
    """All 55, each with its data, how it is delivered, and where it is heard."""
    channels = {channel["address"]: channel for channel in document["channels"].values()}
    for name, event in EVENTS.items():
        message = document["components"]["messages"][name]
        assert message["x-delivery"] == ("durable" if event.durable else "ephemeral")
        assert message["x-urgent"] == event.urgent
        for audience in Audience:
            whose = "user_id" if audience is Audience.USER else "venue_id"
            channel = channels[audience.value.replace("id", whose)]
            assert (name in channel["messages"]) == (audience in event.audience)


def test_every_message_of_a_client_is_in_it(document: dict[str, Any]) -> None:
    """What the reader takes and what is described are the same."""
    for op, kind in _KINDS.items():
        payload = document["components"]["schemas"][f"{kind.__name__}Message"]
        assert payload["properties"]["op"] == {"const": op}
        assert document["operations"][op]["action"] == "receive"


def test_what_a_client_of_socket_io_gives_to_be_let_in_is_in_it(document: dict[str, Any]) -> None:
    """By `cursors` it misses nothing after a crash; who does not know of them can't give them."""
    channel = document["channels"]["socketio"]
    assert "`cursors`" in channel["summary"]
    auth = jsonschema_rs.Draft202012Validator({**channel["x-auth"], **document})
    for given in (
        {"token": "t"},
        {"token": "t", "pid": "p", "offset": "o"},
        {"token": "t", "cursors": {"owner": {"seq": 3, "epoch": "e"}, "user:1": {"seq": 0}}},
        {"pid": "p"},
        {"token": "t", "cursor": {}},
        {"token": "t", "cursors": {"owner": {"epoch": "e"}}},
        {"token": "t", "cursors": {"owner": {"seq": -1}}},
    ):
        taken = not isinstance(read_auth(dict(given)), Refusal)
        assert auth.is_valid(given) == taken, given


def test_the_table_of_folding_is_in_it(document: dict[str, Any]) -> None:
    """A client folds by what the document says, so it is the node's own table."""
    assert document["x-fold"] == json.loads(json.dumps(table_as_json()))
    assert set(document["x-fold"]["events"]) <= set(EVENTS)


def test_the_document_is_the_same_every_time() -> None:
    """Its tag is made of its bytes."""
    assert json.dumps(asyncapi_document()) == json.dumps(asyncapi_document())
