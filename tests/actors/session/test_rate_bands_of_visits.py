"""A visit in a room whose rate changes with the hour (Rule 3)."""

from __future__ import annotations

from datetime import timedelta

from protocol.operations.sessions import CheckOut, QuoteMeter, ResumeSession, SwitchActivity
from protocol.records.states import Activity, SessionStatus
from protocol.records.values import RateBand
from protocol.replies.sessions import MeterQuote
from tests.actors.session.visit_kit import MINUTE, MS, OWN, Visit, a_visit
from tests.actors.session.visit_opening import ROOM, START

EVENING = RateBand(starts="19:00", ends="21:00", rate_minor_per_h=6_000)
"""Dear from an hour after the visit begins, for two hours."""
DEAR_AT = START + timedelta(hours=1)


def in_a_room(funds: int = 100_000) -> Visit:
    """In the room from 18:30 on, half an hour before it becomes dear."""
    visit = a_visit(funds)
    visit.go_to(START + 30 * MINUTE)
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.KARAOKE_ROOM, room_id=ROOM), OWN)
    visit.reserve(Activity.KARAOKE_ROOM, room=ROOM, bands=(EVENING,))
    return visit


def quote(visit: Visit) -> MeterQuote:
    answer = visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert isinstance(answer, MeterQuote)
    return answer


def test_time_is_split_where_the_rate_changes_and_people_are_told() -> None:
    """The second half hour costs what it cost when it was booked on the wall, not before."""
    visit = in_a_room()
    assert quote(visit).next_rate_change_at == DEAR_AT
    visit.go_to(DEAR_AT + 10 * MINUTE)
    _, cheap, dear = visit.segments
    assert (cheap.ended_at, dear.started_at) == (DEAR_AT, DEAR_AT)
    assert (cheap.rate_minor_per_h, dear.rate_minor_per_h) == (3_000, 6_000)
    assert (dear.station_id, dear.mode) == (cheap.station_id, cheap.mode)
    _, told = visit.heard("session.activity_changed")
    assert told.data["effective_at"] == "2026-06-01T10:00:00.000Z"
    assert (told.data["from"], told.data["to"]) == ("karaoke_room", "karaoke_room")
    assert told.data["rate_minor_per_h"] == 6_000
    # Half an hour of games, the room's first half hour, and the first block at the new rate.
    assert visit.charge(visit.now) == 600 + 1_500 + 3_000
    assert quote(visit).next_rate_change_at == DEAR_AT + timedelta(hours=2)


def test_the_meter_ticks_at_the_very_change() -> None:
    """So that a visit without funds for the new rate ends there, and is told at once."""
    visit = in_a_room()
    visit.go_to(DEAR_AT)
    assert [one.started_at for one in visit.segments][-1] == DEAR_AT
    assert len(visit.heard("session.activity_changed")) == 2


def test_funds_for_the_old_rate_only_end_at_the_change() -> None:
    """Never overdrawn: the new block is not begun if it can't be paid."""
    visit = in_a_room(600 + 1_500 + 100)
    visit.go_to(DEAR_AT + MINUTE)
    assert visit.status is SessionStatus.PAUSED
    assert visit.charge(visit.now) == 600 + 1_500
    visit.wallet.available += 10_000
    visit.go_to(DEAR_AT + 5 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    assert visit.segments[-1].rate_minor_per_h == 6_000


def test_what_begins_only_after_the_visit_ended_is_told_to_nobody() -> None:
    """A check-out that comes a moment before the change is charged at the old rate alone."""
    visit = in_a_room()
    visit.go_to(DEAR_AT - MS)
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert len(visit.heard("session.activity_changed")) == 1
    assert visit.history.time_charge_minor == 600 + 1_500


def test_who_leaves_the_room_leaves_its_rates() -> None:
    """Elsewhere the hour does not matter."""
    visit = in_a_room()
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE), OWN)
    visit.reserve(Activity.LOUNGE)
    assert quote(visit).next_rate_change_at is None
    visit.go_to(DEAR_AT + 10 * MINUTE)
    assert visit.segments[-1].rate_minor_per_h == 600
