"""What holds of the charge of every visit, whatever happens in it and whenever ticks come."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.internal.metering import TickMeter
from protocol.internal.visits import ReserveStation
from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession, SwitchActivity
from protocol.records.states import Activity, SessionStatus
from protocol.replies.sessions import CheckedOut
from tests.actors.session.visit_kit import (
    MS,
    OWN,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import (
    ROOM,
    START,
)


def check_out(visit: Visit) -> CheckedOut:
    answer = visit.do(CheckOut(session_id=visit.id), OWN)
    assert isinstance(answer, CheckedOut)
    return answer


steps = st.lists(
    st.tuples(
        st.integers(1, 40 * 60_000),
        st.sampled_from(("tick", "pause", "resume", "lounge", "arcade_time", "room", "wait")),
    ),
    max_size=14,
)


def play(visit: Visit, what: str) -> None:
    match what:
        case "tick":
            visit.do(TickMeter(), in_saga=False)
        case "pause":
            visit.do(PauseSession(session_id=visit.id), OWN)
        case "resume":
            visit.do(ResumeSession(session_id=visit.id), OWN)
        case "lounge" | "arcade_time" | "room":
            activity = Activity.KARAOKE_ROOM if what == "room" else Activity(what)
            room = ROOM if what == "room" else None
            visit.do(SwitchActivity(session_id=visit.id, activity=activity, room_id=room), OWN)
            if any(isinstance(command, ReserveStation) for command, _ in visit.to_venue):
                visit.reserve(activity, room=room)


@settings(max_examples=40, deadline=None)
@given(steps=steps, lags=st.randoms(use_true_random=False), funds=st.integers(500, 20_000))
def test_all_that_is_charged_is_the_charge_of_the_segments(
    steps: list[tuple[int, str]], lags: object, funds: int
) -> None:
    """Law (a): whatever ticks, pauses, switches and slow answers, the sum is one function."""
    visit = a_visit(funds, Activity.LOUNGE)
    for length_ms, what in steps:
        visit.held_back = bool(lags.getrandbits(1))  # type: ignore[attr-defined]
        visit.go_to(visit.now + length_ms * MS)
        if visit.state.session is None or visit.status is SessionStatus.CLOSING:
            break
        play(visit, what)
        if not visit.held_back:
            visit.deliver()
    visit.held_back = False
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.deliver()
    assert visit.status is SessionStatus.CLOSED
    charge_minor = visit.charge(visit.history.ended_at)
    if visit.wallet.available > 0:
        assert visit.wallet.charged == charge_minor
    else:
        # Of a block that nobody had the credit for, the last credit may have paid a part.
        assert charge_minor <= visit.wallet.charged
    assert visit.wallet.charged == visit.history.time_charge_minor
    assert visit.wallet.charged + visit.wallet.available == funds
    assert sum(segment.charge_minor for segment in visit.segments) == charge_minor


@settings(max_examples=40, deadline=None)
@given(late=st.lists(st.integers(0, 200_000), max_size=30), end=st.integers(1, 3_600_000))
def test_it_does_not_matter_when_ticks_come(late: list[int], end: int) -> None:
    """Two patrons with the same hour pay the same, whatever the machine was busy with."""
    visit = a_visit()
    for length_ms in late:
        visit.timers.pop("meter", None)
        visit.now = min(visit.now + length_ms * MS, START + end * MS)
        visit.tick()
    visit.now = START + end * MS
    check_out(visit)
    quiet = a_visit()
    quiet.go_to(START + end * MS)
    check_out(quiet)
    assert visit.wallet.charged == quiet.wallet.charged
