"""The codes of the door: who gets them, for which steps, and that they open it (Rule 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from actors.rules.checkin_code import read_token, refuse_step
from actors.runtime.answers import Answer
from actors.venue.codes import decide_issue_checkin_code
from lastlight.gateway.calls import Call, Caller
from lastlight.gateway.codes import DoorCodes
from protocol.addresses import Role
from protocol.codec import to_json
from protocol.errors import Code, Refusal
from protocol.operations.table import BY_NAME
from protocol.operations.venues import IssueCheckinCode
from protocol.records.states import VenueStatus
from protocol.replies.venues import CheckinCode
from tests.actors.deciding import NOW, a_principal, accepted, refused_with
from tests.actors.venue.floors import (
    AT_DOOR,
    ELSEWHERE,
    OTHER_VENUE,
    PATRON,
    STAFF,
    VENUE_ID,
    a_floor,
    context,
)

ASK = IssueCheckinCode(venue_id=VENUE_ID)
SECRET = b"s" * 32
CALL = Call(
    operation=BY_NAME["IssueCheckinCode"],
    command=ASK,
    principal=AT_DOOR,
    caller=Caller(client="127.0.0.1", user_agent=None, request_id="r"),
)


def issued(now: Any = NOW) -> CheckinCode:
    """What the venue decides."""
    outcome = accepted(decide_issue_checkin_code(a_floor(), ASK, context(AT_DOOR, now=now)))
    assert isinstance(outcome.reply, CheckinCode)
    return outcome.reply


def minted(reply: CheckinCode) -> CheckinCode:
    """What the client gets of it."""
    answer = DoorCodes(SECRET).finish(CALL, Answer(status=200, body=to_json(reply)))
    return msgspec.json.decode(answer.body, type=CheckinCode)


def test_the_current_step_comes_first_and_five_more() -> None:
    """A screen survives an outage of two and a half minutes."""
    codes = issued(NOW + timedelta(seconds=29)).tokens
    assert [code.valid_from for code in codes] == [
        NOW + n * timedelta(seconds=30) for n in range(6)
    ]
    assert {code.valid_to - code.valid_from for code in codes} == {timedelta(seconds=60)}


def test_a_decision_holds_no_token() -> None:
    """What is decided is stored and logged; the secret stays at the gateway."""
    assert {code.qr_token for code in issued().tokens} == {""}


def test_each_token_opens_the_door_in_its_time_and_only_there() -> None:
    """From the venue's decision to the check at the door, through the gateway's mint."""
    for code in minted(issued()).tokens:
        read = read_token(code.qr_token, venue_id=VENUE_ID, step_s=30, secret=SECRET)
        assert read == code.valid_from
        last = code.valid_to - timedelta(milliseconds=1)
        assert refuse_step(read, at=code.valid_from, step_s=30) is None
        assert refuse_step(read, at=last, step_s=30) is None
        assert refuse_step(read, at=code.valid_to, step_s=30) is not None
        assert read_token(code.qr_token, venue_id=OTHER_VENUE, step_s=30, secret=SECRET) is None
        assert read_token(code.qr_token, venue_id=VENUE_ID, step_s=30, secret=b"t" * 32) is None


def test_other_answers_are_left_alone() -> None:
    """A refusal has no codes to be made."""
    refused = Answer(status=409, refusal=Refusal(Code.VENUE_CLOSED, "closed"))
    assert DoorCodes(SECRET).finish(CALL, refused) is refused


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (PATRON, Code.FORBIDDEN),
        (ELSEWHERE, Code.NOT_FOUND),
        (a_principal(STAFF, Role.OWNER), None),
        (AT_DOOR, None),
    ],
)
def test_codes_are_for_the_staff_of_the_venue(principal: Any, code: Code | None) -> None:
    """Whoever could ask for codes from home could check in from home."""
    decision = decide_issue_checkin_code(a_floor(), ASK, context(principal))
    if code is None:
        accepted(decision)
    else:
        assert refused_with(decision) is code


@pytest.mark.parametrize(
    "venue", [{"hours": {}}, {"status": VenueStatus.CLOSED}, {"status": VenueStatus.CLOSING}]
)
def test_a_closed_venue_shows_no_codes(venue: dict[str, Any]) -> None:
    """They would let nobody in."""
    decision = decide_issue_checkin_code(a_floor(**venue), ASK, context(AT_DOOR))
    assert refused_with(decision) is Code.VENUE_CLOSED
