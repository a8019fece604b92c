"""Each state and each command of a visit, with who may ask (Rules 2 and 15)."""

from __future__ import annotations

import pytest

from protocol.addresses import Principal
from protocol.commands import Command
from protocol.errors import Code
from protocol.internal.metering import (
    CloseVisit,
    EndOverdueVisit,
    RetrySettlement,
    TickMeter,
)
from protocol.operations.sessions import (
    CheckOut,
    GetSession,
    PauseSession,
    QuoteMeter,
    ReportLocation,
    ResumeSession,
    SwitchActivity,
)
from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.replies.sessions import CheckedOut, SessionChanged
from tests.actors.deciding import refused_with
from tests.actors.session.visit_kit import (
    ELSEWHERE,
    OWN,
    STRANGER,
    Visit,
    a_fix,
)
from tests.actors.session.visit_states import in_state

_S = SessionStatus
PAUSE, RESUME, OUT, SWITCH = "pause", "resume", "out", "switch"


def command_of(name: str, visit: Visit) -> Command:
    return {
        PAUSE: PauseSession(session_id=visit.id),
        RESUME: ResumeSession(session_id=visit.id, location=a_fix(visit.now)),
        OUT: CheckOut(session_id=visit.id),
        SWITCH: SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE),
    }[name]


NO = Code.INVALID_TRANSITION
TABLE: dict[tuple[SessionStatus, str], SessionStatus | Code] = {
    (_S.ACTIVE, PAUSE): _S.PAUSED,
    (_S.ACTIVE, RESUME): NO,
    (_S.ACTIVE, OUT): _S.CLOSED,
    (_S.ACTIVE, SWITCH): _S.ACTIVE,
    (_S.PAUSED, PAUSE): NO,
    (_S.PAUSED, RESUME): _S.ACTIVE,
    (_S.PAUSED, OUT): _S.CLOSED,
    (_S.PAUSED, SWITCH): NO,
    (_S.AUTO_PAUSED, PAUSE): NO,
    (_S.AUTO_PAUSED, RESUME): _S.ACTIVE,
    (_S.AUTO_PAUSED, OUT): _S.CLOSED,
    (_S.AUTO_PAUSED, SWITCH): NO,
    (_S.COOLING, PAUSE): NO,
    (_S.COOLING, RESUME): Code.SAFETY_HOLD_ACTIVE,
    (_S.COOLING, OUT): _S.CLOSED,
    (_S.COOLING, SWITCH): NO,
    (_S.CLOSING, PAUSE): NO,
    (_S.CLOSING, RESUME): NO,
    (_S.CLOSING, OUT): _S.CLOSED,
    (_S.CLOSING, SWITCH): NO,
    (_S.CLOSED, PAUSE): NO,
    (_S.CLOSED, RESUME): NO,
    (_S.CLOSED, OUT): _S.CLOSED,
    (_S.CLOSED, SWITCH): NO,
    (_S.VOIDED, PAUSE): NO,
    (_S.VOIDED, RESUME): NO,
    (_S.VOIDED, OUT): Code.SESSION_VOIDED,
    (_S.VOIDED, SWITCH): NO,
}


@pytest.mark.parametrize(("status", "name"), TABLE)
def test_each_command_in_each_state_does_what_the_table_says(
    status: SessionStatus, name: str
) -> None:
    """Rule 2: anything that the table does not have is 409, and changes nothing. Rule 2 states."""
    wanted = TABLE[status, name]
    visit = in_state(status)
    if isinstance(wanted, Code):
        assert refused_with(visit.decide(command_of(name, visit), OWN)) is wanted
        return
    visit.do(command_of(name, visit), OWN)
    visit.held_back = False
    visit.deliver()
    if name == SWITCH:
        visit.reserve(Activity.LOUNGE)
    assert visit.status is wanted
    assert isinstance(visit.answers[-1], CheckedOut if name == OUT else SessionChanged)


def test_the_table_of_tests_is_whole() -> None:
    """A pair that nobody wrote down is a pair that nobody thought of."""
    assert set(TABLE) == {(s, n) for s in _S for n in (PAUSE, RESUME, OUT, SWITCH)}


@pytest.mark.parametrize("status", _S)
@pytest.mark.parametrize(
    "command",
    [
        TickMeter(),
        EndOverdueVisit(),
        RetrySettlement(attempt=1),
        CloseVisit(cause=CheckOutCause.EXCLUSION),
    ],
)
def test_what_comes_by_timer_is_safe_in_every_state(
    status: SessionStatus, command: Command
) -> None:
    """A timer may fire late: it does its work, or nothing; it never answers and never fails."""
    visit = in_state(status)
    visit.do(command, in_saga=False)
    visit.held_back = False
    visit.deliver()
    ends = isinstance(command, CloseVisit) and status not in {_S.CLOSED, _S.VOIDED}
    settles = status is _S.CLOSING
    assert visit.status is (_S.CLOSED if ends or settles else status)


ASKED = (PauseSession, CheckOut, ResumeSession, GetSession, QuoteMeter)


@pytest.mark.parametrize("asker", [STRANGER, ELSEWHERE])
@pytest.mark.parametrize("status", [_S.ACTIVE, _S.PAUSED, _S.CLOSING, _S.CLOSED])
@pytest.mark.parametrize("asked", ASKED)
def test_others_never_learn_that_there_is_such_a_visit(
    asker: Principal, status: SessionStatus, asked: type[Command]
) -> None:
    """Rule 15: another patron, and staff of another venue, get 404, never 403 or 409."""
    visit = in_state(status)
    command = asked(session_id=visit.id)  # type: ignore[call-arg]
    assert refused_with(visit.decide(command, asker)) is Code.NOT_FOUND
    move = SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE)
    assert refused_with(visit.decide(move, asker)) is Code.NOT_FOUND
    fixes = ReportLocation(session_id=visit.id, fixes=(a_fix(visit.now),))
    assert refused_with(visit.decide(fixes, asker)) is Code.NOT_FOUND
