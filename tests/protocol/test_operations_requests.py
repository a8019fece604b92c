"""From a request to a command: path, query and body each have their say once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import Invalid, Malformed
from protocol.commands import Command
from protocol.operations.base import Operation
from protocol.operations.requests import NoSuchPath, read_message, read_request
from protocol.operations.safety import RaiseSos
from protocol.operations.sessions import CheckIn, CheckOut
from protocol.operations.table import BY_NAME, OPERATIONS
from protocol.records.states import Severity
from protocol.replies.base import reply

ID = "01935d2a-7c00-7000-8000-0000000000a1"
CHECK_OUT = BY_NAME["CheckOut"]
SOS = BY_NAME["RaiseSos"]


def pointers(operation: Operation, path: Mapping[str, str], **request: Any) -> dict[str, str]:
    """Code by pointer of what is wrong with a request."""
    with pytest.raises(Invalid) as caught:
        read_request(operation, path, **request)
    return {error.pointer: error.code for error in caught.value.errors}


def test_path_and_body_fill_one_command() -> None:
    """The decision sees one value and not where its parts came from."""
    taken = read_request(CHECK_OUT, {"session_id": ID}, body=b'{"carry_over": true}')
    assert taken.command == CheckOut(session_id=UUID(ID), carry_over=True)
    assert read_request(CHECK_OUT, {"session_id": ID}).command == CheckOut(session_id=UUID(ID))


def test_what_the_path_says_cannot_be_said_again() -> None:
    """Two sessions in one request would be a way around the role check."""
    body = f'{{"session_id": "{ID}"}}'.encode()
    assert pointers(CHECK_OUT, {"session_id": ID}, body=body) == {"/session_id": "unknown_field"}


def test_a_value_in_the_path_that_is_no_id_is_nothing_found() -> None:
    """There is nothing at that path, whoever asks: 404, as for an id that nobody has."""
    with pytest.raises(NoSuchPath, match="session_id"):
        read_request(CHECK_OUT, {"session_id": "mine"}, body=b"{}")


def test_a_query_fills_what_is_read_and_nothing_else() -> None:
    """A GET has no body, everything else no query."""
    games = BY_NAME["ListGames"]
    taken = read_request(games, {}, [("venue_id", ID), ("limit", "7")], b"not looked at")
    assert (taken.command.venue_id, taken.command.limit) == (UUID(ID), 7)  # type: ignore[attr-defined]
    assert pointers(games, {}, query=[("limit", "0")]) == {
        "/limit": "out_of_range",
        "/venue_id": "required",
    }
    given_ = {"query": [("carry_over", "true")], "body": b"{}"}
    assert pointers(CHECK_OUT, {"session_id": ID}, **given_) == {"/carry_over": "unknown_field"}


def test_malformed_bodies_are_malformed_and_not_invalid() -> None:
    """400 says: this is no JSON; 422 says: this is the wrong JSON."""
    with pytest.raises(Malformed):
        read_request(CHECK_OUT, {"session_id": ID}, body=b"{")


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"null", b"[" * 999, b'{"a":1,"a":2}'])
def test_an_sos_is_raised_by_any_body(body: bytes) -> None:
    """Rule 8: whoever presses must not be told about commas. Rule 8 always_taken."""
    taken = read_request(SOS, {}, [("x", "y")], body)
    assert taken.command == RaiseSos()
    assert taken.dropped == (("",) if body else ())


def test_an_sos_keeps_what_fits_of_its_body() -> None:
    """Rule 8: wrong fields are dropped and listed, and the place is kept."""
    body = b'{"severity":"worst","location":{"lat":1,"lon":2,"accuracy_m":-1},"silent":true,"x":0}'
    taken = read_request(SOS, {}, body=body)
    assert isinstance(taken.command, RaiseSos)
    assert taken.command.severity is Severity.CRITICAL
    assert taken.command.silent
    assert taken.command.location is not None
    assert set(taken.dropped) == {"/severity", "/location/accuracy_m", "/x"}


def test_a_message_brings_all_fields_in_its_data() -> None:
    """Over WebSocket there is no path; the same command comes of it."""
    assert read_message(CHECK_OUT, {"session_id": ID}).command == CheckOut(session_id=UUID(ID))
    assert read_message(SOS, None).command == RaiseSos()
    with pytest.raises(Invalid):
        read_message(CHECK_OUT, {})


def test_check_in_is_read_as_the_contract_has_it() -> None:
    """The first request of every visit, with what each client sends."""
    body = (
        f'{{"venue_id": "{ID}", "qr_token": "a.b", "party_size": 2, "activity": "lounge",'
        '"location": {"lat": 35.6595, "lon": 139.7005, "accuracy_m": 10, '
        '"fix_at": "2026-01-01T00:00:00.000Z"}}'
    ).encode()
    command = read_request(BY_NAME["CheckIn"], {}, body=body).command
    assert isinstance(command, CheckIn)
    assert command.party_size == 2
    assert command.location is not None
    assert command.location.accuracy_m == 10.0
    assert _through_msgpack(command) == command


def _through_msgpack(command: Command) -> Command:
    return msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(command)), type(command))


def test_fixes_are_in_the_order_in_which_they_were_taken() -> None:
    """Rule 6: two fixes out of the fence in a row pause a visit, so their order decides."""
    here = '{"lat":1,"lon":2,"accuracy_m":3,"fix_at":"2026-01-01T00:00:0%dZ"}'
    body = f'{{"fixes":[{here % 2},{here % 2},{here % 1}]}}'.encode()
    found = pointers(BY_NAME["ReportLocation"], {"session_id": ID}, body=body)
    assert found == {"/fixes/2/fix_at": "not_in_order"}


@pytest.mark.parametrize(
    ("name", "body", "pointer"),
    [
        ("SwitchActivity", b'{"activity":"karaoke_room"}', "/room_id"),
        ("SwitchActivity", b'{"activity":"table","game_id":"%s","room_id":"%s"}', "/room_id"),
        ("ReportLocation", b'{"fixes":[]}', "/fixes"),
        ("TopUpCredits", b'{"venue_id":"%s","tender":"cash"}', "/amount_minor"),
        ("TopUpCredits", b'{"venue_id":"%s","tender":"credits","amount_minor":500}', "/tender"),
        ("PurchaseItems", b'{"venue_id":"%s","lines":[{"qty":1}]}', "/lines/0/item_id"),
        ("CloseTill", b'{"kind":"drop"}', "/amount_minor"),
        ("CloseTill", b'{"kind":"sign"}', "/note"),
        (
            "CloseTill",
            b'{"counted":[{"denomination_minor":5,"count":1},{"denomination_minor":5,"count":2}]}',
            "/counted",
        ),
        ("RegisterUser", b'{"password":"short"}', "/password"),
        ("StepUp", b'{"pin":"12345"}', "/pin"),
    ],
)
def test_rules_between_fields_are_part_of_the_command(name: str, body: bytes, pointer: str) -> None:
    """What no decision could make sense of is refused before any actor sees it."""
    operation = BY_NAME[name]
    path = dict.fromkeys(operation.parameters, ID)
    assert pointer in pointers(operation, path, body=body.replace(b"%s", ID.encode()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)
@settings(max_examples=15, deadline=None)
@given(body=st.binary(max_size=60), query=st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_no_request_breaks_the_reading(
    operation: Operation, body: bytes, query: list[tuple[str, str]]
) -> None:
    """Whatever a stranger sends is a command, 400, 404 or 422."""
    path = dict.fromkeys(operation.parameters, ID)
    try:
        taken = read_request(operation, path, query, body)
    except (Malformed, Invalid, NoSuchPath) as error:
        taken = None
        refusal = error.refusal()
    assert taken is not None or refusal.status in {400, 404, 422}


def test_a_reply_is_named_once() -> None:
    """Stored answers are found by the name of their class."""
    with pytest.raises(ValueError, match="two replies"):
        reply(type("Balance", (), {}))
