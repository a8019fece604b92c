"""What staff say of a visit (PATCH /api/sessions/{session_id})."""

from __future__ import annotations

from typing import Any

import pytest

from actors.runtime.outcome import Outcome
from protocol.addresses import Principal
from protocol.errors import Code, Refusal
from protocol.internal.managing import MoreSeated, SeatMore
from protocol.internal.visits import FloorChanged
from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession
from protocol.operations.sessions_managed import UpdateSession
from protocol.records.platform import AuditEntry
from protocol.records.states import Activity, SessionStatus
from protocol.replies.sessions_managed import SessionUpdated
from tests.actors.deciding import refused, refused_with
from tests.actors.session.visit_kit import (
    ELSEWHERE,
    MINUTE,
    OWN,
    STAFF,
    STRANGER,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import START
from tests.actors.session.visit_states import in_state

_S = SessionStatus


def change(visit: Visit, **changes: Any) -> object:
    """Staff change something of what they just read."""
    visit.expected_version = visit.session.version
    return visit.do(UpdateSession(session_id=visit.id, **changes), STAFF)


def test_what_is_said_is_changed_and_told_and_written_down() -> None:
    """Everyone who serves the table sees the same, and who changed it is known for ever."""
    visit = a_visit()
    answer = change(visit, table="T 7", zone="floor 2", note="birthday", display_name="Ann")
    assert answer == SessionUpdated(
        session_id=visit.id,
        status=_S.ACTIVE,
        party_size=2,
        table="T 7",
        zone="floor 2",
        note="birthday",
        display_name="Ann",
        version=visit.session.version,
    )
    (told,) = visit.heard("session.status_changed")
    assert (told.data["from"], told.data["to"], told.data["reason"]) == (
        "active",
        "active",
        "updated",
    )
    (floor,) = visit.told_venue(FloorChanged)
    assert isinstance(floor, FloorChanged)
    assert (floor.zone, floor.display_name) == ("floor 2", "Ann")
    (line,) = visit.appends
    assert isinstance(line, AuditEntry)
    assert (line.action, line.actor_id) == ("session.updated", STAFF.user_id)
    assert line.before is not None
    assert line.after is not None
    assert (line.before["zone"], line.after["zone"]) == ("floor 1", "floor 2")


def test_what_is_not_said_stays_and_an_empty_text_goes() -> None:
    """Staff change one thing at a time, and take a note away that is no longer true."""
    visit = a_visit()
    change(visit, note="waits for a friend", table="T 1")
    change(visit, note="")
    assert (visit.session.note, visit.session.table_name) == (None, "T 1")
    assert visit.session.zone == "floor 1"


def test_who_joins_or_leaves_changes_what_time_costs_from_then_on() -> None:
    """Rule 3: the rate is per person, and frozen in what passed before."""
    visit = a_visit()
    visit.go_to(START + 30 * MINUTE)
    change(visit, party_size=3)
    visit.seat_more()
    visit.go_to(START + 60 * MINUTE)
    change(visit, party_size=1)
    assert [s.rate_minor_per_h for s in visit.segments] == [1200, 3600, 1200]
    told = [event.data["rate_minor_per_h"] for event in visit.heard("session.activity_changed")]
    assert told == [3600, 1200]
    visit.go_to(START + 90 * MINUTE)
    assert visit.charge(visit.now) == 600 + 1800 + 600


def test_who_joins_during_a_break_counts_when_it_ends() -> None:
    """Nothing passes on the meter while they rest, at whatever rate."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    change(visit, party_size=3)
    visit.seat_more()
    visit.go_to(START + 20 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    visit.go_to(START + 30 * MINUTE)
    assert visit.charge(visit.now) == 200 + 600


def test_a_room_costs_the_same_for_any_number() -> None:
    """Rule 3: a room is had by the room."""
    visit = a_visit(activity=Activity.KARAOKE_ROOM)
    change(visit, party_size=3)
    visit.seat_more()
    assert len(visit.segments) == 1


def test_more_people_wait_for_their_seats() -> None:
    """The capacity is the venue's to keep: nobody joins before it has said yes."""
    visit = a_visit()
    assert change(visit, party_size=5, zone="floor 3") is None
    assert (visit.session.party_size, visit.session.zone) == (2, "floor 1")
    assert visit.told_venue(SeatMore) == [SeatMore(session_id=visit.id, party_size=5)]
    answer = visit.seat_more()
    assert isinstance(answer, SessionUpdated)
    assert (answer.party_size, answer.zone) == (5, "floor 3")
    assert visit.notes.details is None


def test_without_seats_everything_stays_as_it_was() -> None:
    """A refusal half way would leave a zone that nobody is in."""
    visit = a_visit()
    change(visit, party_size=5, zone="floor 3")
    answer = visit.refuse(Code.CAPACITY_FULL)
    assert isinstance(answer, Refusal)
    assert answer.code is Code.CAPACITY_FULL
    assert (visit.session.party_size, visit.session.zone) == (2, "floor 1")
    (floor,) = visit.told_venue(FloorChanged)
    assert isinstance(floor, FloorChanged)
    assert floor.party_size == 2, "a tick in between may have told of five"
    assert isinstance(change(visit, zone="floor 3"), SessionUpdated)


def test_while_seats_are_asked_for_the_floor_keeps_them() -> None:
    """A tick in between says how many there are: it must not give the new seats away again."""
    visit = a_visit()
    change(visit, party_size=5)
    visit.go_to(visit.now.replace(minute=12))
    floors = visit.told_venue(FloorChanged)
    assert floors
    assert {floor.party_size for floor in floors if isinstance(floor, FloorChanged)} == {5}


def test_one_change_of_seats_is_under_way_at_a_time() -> None:
    """A refusal that comes back must be that change's."""
    visit = a_visit()
    change(visit, party_size=5)
    answer = change(visit, zone="floor 3")
    assert isinstance(answer, Refusal)
    assert answer.code is Code.INVALID_TRANSITION


def test_seats_that_come_too_late_are_given_back() -> None:
    """The runtime undoes what the venue gave when the session refuses it."""
    visit = a_visit()
    change(visit, party_size=5)
    visit.do(CheckOut(session_id=visit.id), OWN)
    late = MoreSeated(session_id=visit.id, party_size=5)
    assert refused_with(visit.decide(late, STAFF)) is Code.SESSION_CLOSED
    idle = a_visit()
    assert refused_with(idle.decide(late, STAFF)) is Code.INVALID_TRANSITION


def test_exactly_one_of_two_writers_wins() -> None:
    """Rule 12: without a version 428, with an old one 412 and the current one."""
    visit = a_visit()
    command = UpdateSession(session_id=visit.id, zone="floor 2")
    assert refused_with(visit.decide(command, STAFF)) is Code.PRECONDITION_REQUIRED
    visit.expected_version = visit.session.version
    assert isinstance(visit.do(command, STAFF), SessionUpdated)
    refusal = refused(visit.decide(command, STAFF))
    assert refusal.code is Code.VERSION_CONFLICT
    assert refusal.current_version == visit.session.version


@pytest.mark.parametrize(
    ("asker", "code"),
    [(STRANGER, Code.NOT_FOUND), (ELSEWHERE, Code.NOT_FOUND), (OWN, Code.FORBIDDEN)],
)
def test_only_staff_of_the_venue_change_details(asker: Principal, code: Code) -> None:
    """Rule 15: others learn nothing of the visit, and its patron may not write notes on it."""
    visit = a_visit()
    visit.expected_version = visit.session.version
    command = UpdateSession(session_id=visit.id, note="vip")
    assert refused_with(visit.decide(command, asker)) is code


@pytest.mark.parametrize("status", _S)
def test_details_change_in_every_state_until_it_ends(status: SessionStatus) -> None:
    """A visit that is closing is being written down as it was."""
    visit = in_state(status)
    visit.expected_version = None if visit.state.session is None else visit.session.version
    decision = visit.decide(UpdateSession(session_id=visit.id, zone="floor 2"), STAFF)
    if status in {_S.CLOSING, _S.CLOSED, _S.VOIDED}:
        assert refused_with(decision) is Code.SESSION_CLOSED
    else:
        assert isinstance(decision, Outcome)
        assert isinstance(decision.reply, SessionUpdated)


def test_a_change_of_nothing_is_no_change() -> None:
    """An empty body is a mistake of the client, and told so."""
    assert [fault.pointer for fault in UpdateSession(session_id=OWN.user_id).faults()]
    assert not list(UpdateSession(session_id=OWN.user_id, note="").faults())
