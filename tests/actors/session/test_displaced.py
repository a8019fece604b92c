"""A visit whose room is not to be had any more: the lounge, at once, running or resting."""

from __future__ import annotations

from uuid import UUID

from protocol.errors import Code, Refusal
from protocol.internal.booking import LeaveStation
from protocol.internal.visits import FloorChanged
from protocol.operations.sessions import PauseSession, ResumeSession, SwitchActivity
from protocol.records.states import Activity, SegmentMode
from tests.actors.session.visit_kit import MINUTE, OWN, Visit, a_visit
from tests.actors.session.visit_opening import ROOM, START


def in_a_room() -> Visit:
    """A visit that went to a room after ten minutes."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.KARAOKE_ROOM, room_id=ROOM), OWN)
    visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    return visit


def leave(visit: Visit, station_id: UUID = ROOM) -> None:
    """The venue says that the station is not to be had any more."""
    visit.do(LeaveStation(session_id=visit.id, station_id=station_id, reason="flood"))


def test_a_running_visit_goes_on_in_the_lounge() -> None:
    """The room's rate stops at that moment, and the venue's floor shows where they are."""
    visit = in_a_room()
    assert visit.session.station_id == ROOM
    visit.go_to(START + 20 * MINUTE)
    leave(visit)
    seen = visit.session
    assert (seen.activity, seen.station_id) == (Activity.LOUNGE, None)
    *_, before, last = visit.segments
    assert before.ended_at == last.started_at == visit.now
    rate = 600 * visit.session.party_size
    assert (last.rate_minor_per_h, last.mode) == (rate, SegmentMode.CONTINUOUS)
    (*_, floor) = visit.told_venue(FloorChanged)
    assert isinstance(floor, FloorChanged)
    assert floor.station_id is None


def test_a_visit_that_left_already_stays_where_it_is() -> None:
    """The word of a station that they are not at changes nothing."""
    visit = in_a_room()
    before = visit.session
    leave(visit, UUID(int=0x99))
    assert visit.session == before


def test_a_resting_visit_does_not_go_on_at_what_is_broken() -> None:
    """Nothing passes while it rests; when it is resumed, it is in the lounge."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    paused = visit.session
    station = UUID(int=0x98)
    visit.state.put(paused.evolve(station_id=station))
    leave(visit, station)
    seen = visit.session
    assert (seen.activity, seen.station_id) == (Activity.LOUNGE, None)
    assert visit.segments[-1].active_ms == 0
    visit.go_to(START + 15 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    assert visit.segments[-1].activity is Activity.LOUNGE
    assert visit.segments[-1].rate_minor_per_h == 600 * visit.session.party_size


def test_a_visit_on_its_way_to_what_breaks_stays_where_it_is() -> None:
    """The fault is reported while the account is asked for the hold: nobody pays for that room."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.held_back = True
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.KARAOKE_ROOM, room_id=ROOM), OWN)
    visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    leave(visit)
    visit.deliver()
    answer = visit.answers[-1]
    assert isinstance(answer, Refusal)
    assert answer.code is Code.STATION_OUT_OF_ORDER
    assert (visit.session.activity, visit.session.station_id) == (Activity.ARCADE_TIME, None)
    assert len(visit.segments) == 1
    visit.held_back = False
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.KARAOKE_ROOM, room_id=ROOM), OWN)
    visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    assert visit.session.station_id == ROOM
