"""Leaving and coming back, as the fixes of the patron's device show it (Rule 6)."""

from __future__ import annotations

from datetime import UTC, datetime

from protocol.errors import Code
from protocol.internal.visit_holds import HoldReturned, VisitHeld
from protocol.operations.sessions import (
    CheckOut,
    PauseSession,
    ReportLocation,
    ResumeSession,
)
from protocol.records.platform import AuditEntry
from protocol.records.states import Activity, SessionStatus
from protocol.records.visits import LocationReport
from protocol.replies.sessions import LocationTaken, SessionChanged
from tests.actors.deciding import refused_with
from tests.actors.session.visit_kit import (
    MINUTE,
    OWN,
    SECOND,
    STAFF,
    Visit,
    a_fix,
    a_visit,
)
from tests.actors.session.visit_opening import (
    START,
)

AWAY_M = 400.0


def report(visit: Visit, *metres: float, accuracy_m: float = 20, mock: bool = False) -> object:
    """Fixes of this very moment, one after another."""
    answer: object = None
    for distance in metres:
        fix = a_fix(visit.now, distance, accuracy_m, mock)
        answer = visit.do(ReportLocation(session_id=visit.id, fixes=(fix,)), OWN)
    return answer


def go_away(visit: Visit) -> None:
    report(visit, AWAY_M)
    visit.go_to(visit.now + 30 * SECOND)
    report(visit, AWAY_M)


def test_one_fix_outside_only_warns() -> None:
    """Providers report false accuracy: one fix alone never pauses."""
    visit = a_visit()
    answer = report(visit, AWAY_M)
    assert isinstance(answer, LocationTaken)
    assert (answer.status, answer.accepted, answer.next_in_s) == (SessionStatus.ACTIVE, 1, 20)
    (warning,) = visit.heard("session.geofence_warning")
    assert not warning.durable
    assert (warning.data["distance_m"], warning.data["radius_m"]) == (400, 150)
    (row,) = visit.appends
    assert isinstance(row, LocationReport)
    assert row.verdict == "outside"


def test_two_fixes_pause_the_visit_as_of_the_first() -> None:
    """Rule 6: the effective time is the first fix; and that time was not charged meanwhile."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE + SECOND)
    left_at = visit.now
    report(visit, AWAY_M)
    visit.go_to(visit.now + 3 * MINUTE)
    assert visit.wallet.charged == 200, "while in doubt the time after the fix is not charged"
    report(visit, AWAY_M)
    assert visit.status.value == "auto_paused"
    assert visit.segments[-1].ended_at == left_at
    (event,) = visit.heard("session.status_changed")
    assert event.data["effective_at"] == "2026-06-01T09:10:01.000Z"
    assert visit.timers["deadline"].due_at == left_at + 30 * MINUTE
    visit.go_to(left_at + 31 * MINUTE)
    assert visit.status.value == "closed"
    assert visit.history.ended_at == left_at
    assert visit.wallet.charged == visit.charge(left_at) == 200


def test_what_a_tick_took_before_the_fix_arrived_stays_taken() -> None:
    """The meter can't be stopped before what is charged: a minute at most, never a claw-back."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    early = a_fix(visit.now - 30 * SECOND, AWAY_M)
    visit.do(ReportLocation(session_id=visit.id, fixes=(early,)), OWN)
    visit.go_to(visit.now + 20 * SECOND)
    report(visit, AWAY_M)
    assert visit.segments[-1].ended_at == START + 10 * MINUTE
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.wallet.charged == visit.history.time_charge_minor == 200


def test_a_doubt_that_is_answered_is_charged_after_all() -> None:
    """Back inside: the time in doubt was the patron's."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    report(visit, AWAY_M)
    visit.go_to(visit.now + 2 * MINUTE)
    report(visit, 10)
    visit.go_to(visit.now + 2 * MINUTE)
    assert visit.status.value == "active"
    assert visit.wallet.charged == 280


def test_coming_back_resumes_the_visit() -> None:
    """Rule 2: auto_paused goes back to active on re-entry, by itself."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    go_away(visit)
    visit.go_to(visit.now + 5 * MINUTE)
    answer = report(visit, 10)
    assert isinstance(answer, LocationTaken)
    assert visit.status.value == "active"
    assert visit.segments[-1].started_at == visit.now
    assert "deadline" not in visit.timers


def test_coming_back_without_funds_stays_paused_until_there_are_some() -> None:
    """The report itself is never refused for money; a later fix finds the top-up."""
    visit = a_visit(210)
    visit.wallet.held, visit.wallet.available = 210, 0
    visit.state.put(visit.session.revised(held_minor=210))
    visit.go_to(START + 10 * MINUTE)
    go_away(visit)
    visit.go_to(visit.now + MINUTE)
    assert isinstance(report(visit, 10), LocationTaken)
    assert visit.status.value == "auto_paused"
    visit.wallet.available += 1000
    visit.go_to(visit.now + MINUTE)
    report(visit, 10)
    assert visit.status.value == "active"


def test_who_left_resumes_with_a_fix_inside_and_staff_with_a_reason() -> None:
    """A patron can't resume from the bus; staff may say that the device is wrong."""
    visit = a_visit()
    go_away(visit)
    for location in (None, a_fix(visit.now, AWAY_M)):
        command = ResumeSession(session_id=visit.id, location=location)
        assert refused_with(visit.decide(command, OWN)) is Code.GEOFENCE_OUTSIDE
    assert (
        refused_with(visit.decide(ResumeSession(session_id=visit.id, reason="mine"), OWN))
        is Code.GEOFENCE_OUTSIDE
    )
    assert (
        refused_with(visit.decide(ResumeSession(session_id=visit.id), STAFF))
        is Code.GEOFENCE_OUTSIDE
    )
    mock = ResumeSession(session_id=visit.id, location=a_fix(visit.now, mock=True))
    assert refused_with(visit.decide(mock, OWN)) is Code.LOCATION_UNTRUSTED
    answer = visit.do(ResumeSession(session_id=visit.id, reason="seen at the bar"), STAFF)
    assert isinstance(answer, SessionChanged)
    assert visit.heard("session.status_changed")[-1].data["reason"] == "seen at the bar"
    (line,) = (row for row in visit.appends if isinstance(row, AuditEntry))
    assert (line.action, line.actor_id) == ("session.resumed", STAFF.user_id)
    assert line.after == {"status": "active", "reason": "seen at the bar"}


def test_a_room_runs_on_while_its_guest_is_away() -> None:
    """Bookings are not pausable: the visit is auto-paused, the meter is not."""
    visit = a_visit(activity=Activity.KARAOKE_ROOM)
    visit.go_to(START + 10 * MINUTE)
    go_away(visit)
    assert visit.status.value == "auto_paused"
    assert visit.segments[-1].ended_at is None
    left_at = START + 10 * MINUTE
    visit.go_to(left_at + 31 * MINUTE)
    assert visit.status.value == "closed"
    assert visit.history.ended_at == left_at + 30 * MINUTE
    assert visit.wallet.charged == 2250


def test_fixes_that_do_not_count_are_dropped_not_refused() -> None:
    """Counts are answered, nothing is kept of them, and nobody is paused by them."""
    visit = a_visit()
    fixes = (
        a_fix(visit.now - 90 * SECOND, AWAY_M),
        a_fix(visit.now - 20 * SECOND, AWAY_M, accuracy_m=500),
        a_fix(visit.now - 10 * SECOND, AWAY_M, mock=True),
        a_fix(visit.now, 5),
    )
    answer = visit.do(ReportLocation(session_id=visit.id, fixes=fixes), OWN)
    assert isinstance(answer, LocationTaken)
    assert (answer.accepted, answer.ignored) == (1, 3)
    assert len(visit.appends) == 1


def test_a_visit_that_is_over_takes_no_fixes() -> None:
    """409 session_closed; while it is closing they are merely not wanted."""
    visit = a_visit()
    visit.held_back = True
    visit.do(CheckOut(session_id=visit.id), OWN)
    answer = report(visit, AWAY_M, AWAY_M)
    assert isinstance(answer, LocationTaken)
    assert (answer.accepted, answer.ignored) == (0, 1)
    visit.deliver()
    command = ReportLocation(session_id=visit.id, fixes=(a_fix(visit.now),))
    assert refused_with(visit.decide(command, OWN)) is Code.SESSION_CLOSED


def test_staff_do_not_say_where_a_patron_is() -> None:
    """A place is personal: only the patron's own device reports it."""
    visit = a_visit()
    command = ReportLocation(session_id=visit.id, fixes=(a_fix(visit.now),))
    assert refused_with(visit.decide(command, STAFF)) is Code.FORBIDDEN


def test_who_left_before_the_cutover_pays_nothing_of_the_new_day() -> None:
    """The pause counts from the first fix, so the segment of the new day never began."""
    cutover = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)  # 05:00 in Tokyo
    visit = a_visit(at=cutover - 10 * MINUTE)
    visit.go_to(cutover - 20 * SECOND)
    report(visit, AWAY_M)
    visit.now = cutover + 10 * SECOND
    report(visit, AWAY_M)
    (only,) = visit.segments
    assert only.ended_at == cutover - 20 * SECOND
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.wallet.charged == visit.history.time_charge_minor == 193


def a_hold(visit: Visit, purpose: str) -> VisitHeld:
    return VisitHeld(session_id=visit.id, purpose=purpose, held_minor=300, available_minor=5)


def test_a_hold_for_coming_back_that_is_late_is_only_noted() -> None:
    """Nobody waits for it: an active visit goes on, a visit that is over stays over."""
    visit = a_visit()
    visit.do(a_hold(visit, "reenter"), in_saga=False)
    assert visit.status.value == "active"
    assert visit.notes.available_minor == 5
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.do(a_hold(visit, "reenter"), in_saga=False)
    assert visit.status.value == "paused"
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.do(a_hold(visit, "reenter"), in_saga=False)
    assert visit.state.session is None


def test_what_is_held_is_what_the_account_said_last() -> None:
    """A hold may be returned after a tick set it anew, and before the tick's answer is here."""
    visit = a_visit(1_000)
    visit.go_to(START + 6 * MINUTE)

    def returned(held_minor: int) -> HoldReturned:
        return HoldReturned(session_id=visit.id, held_minor=held_minor, available_minor=0)

    visit.do(returned(100), in_saga=False)
    assert (visit.session.held_minor, visit.notes.available_minor) == (100, 0)
    assert visit.timers["meter"].due_at == START + 7 * MINUTE
    visit.do(returned(10), in_saga=False)
    assert visit.timers["meter"].due_at < START + 7 * MINUTE, "funds end before the next tick"
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.do(returned(100), in_saga=False)
    assert (visit.session.held_minor, "meter" in visit.timers) == (100, False)
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.do(returned(100), in_saga=False) is None
