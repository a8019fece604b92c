"""A visit and its patron's own limits of time (Rule 7)."""

from __future__ import annotations

from datetime import timedelta

from actors.session.notes import TIME_LIMIT
from protocol.errors import Code
from protocol.internal.allowances import OwnTimeChanged, TimeAllowance, TimeLimit
from protocol.operations.sessions import (
    CheckOut,
    PauseSession,
    QuoteMeter,
    ReportLocation,
    ResumeSession,
)
from protocol.records.states import Activity, LimitPeriod, SessionStatus
from protocol.replies.sessions import MeterQuote, SessionChanged
from tests.actors.deciding import refused
from tests.actors.session.visit_kit import (
    MINUTE,
    MS,
    OWN,
    SECOND,
    TODAY,
    Visit,
    a_fix,
    a_visit,
)
from tests.actors.session.visit_opening import START
from tests.actors.session.visit_states import leave

_P = LimitPeriod


def an_hour(period: LimitPeriod = _P.DAY, used: int = 0) -> TimeAllowance:
    """A limit of one hour, of which other visits of today used so many minutes."""
    return TimeAllowance(
        limits=(TimeLimit(period=period, minutes=60),), elsewhere_ms={TODAY: used * 60_000}
    )


def a_limited_visit(time: TimeAllowance, activity: Activity = Activity.ARCADE_TIME) -> Visit:
    visit = a_visit(activity=activity)
    visit.wallet.time = time
    visit.do(OwnTimeChanged(session_id=visit.id, time=time), in_saga=False)
    return visit


def test_the_meter_stops_at_the_limit_and_not_a_millisecond_later() -> None:
    """Nobody can be late by a tick: the timer is set to the very instant."""
    visit = a_limited_visit(an_hour())
    visit.go_to(START + 61 * MINUTE)
    assert visit.status is SessionStatus.PAUSED
    assert visit.session.cause == TIME_LIMIT
    assert visit.segments[-1].ended_at == START + 60 * MINUTE
    assert visit.wallet.charged == 1_200
    changed = visit.heard("session.status_changed")[-1]
    assert (changed.data["to"], changed.data["reason"]) == ("paused", TIME_LIMIT)
    assert visit.session.deadline_at == START + 105 * MINUTE


def test_80_and_100_per_cent_are_told_once_each() -> None:
    """First a warning, then that nothing is left; minutes, as the limit is."""
    visit = a_limited_visit(an_hour(used=3))
    visit.go_to(START + 70 * MINUTE)
    warn, block = visit.heard("session.limit_reached")
    assert (warn.data["percent"], warn.data["action"]) == (80, "warn")
    assert (block.data["percent"], block.data["action"]) == (100, "block")
    assert (block.data["kind"], block.data["limit"], block.data["used"]) == ("time", 60, 60)
    assert warn.data["used"] == 48


def test_on_the_next_business_day_it_is_told_anew() -> None:
    """Once each per period: a day's limit begins again at the cutover."""
    at = START.replace(hour=19, minute=0)  # An hour before the cutover in Tokyo
    visit = a_visit(at=at)
    time = TimeAllowance(limits=(TimeLimit(period=_P.DAY, minutes=70),))
    visit.wallet.time = time
    visit.do(OwnTimeChanged(session_id=visit.id, time=time), in_saga=False)
    visit.go_to(at + 119 * MINUTE)
    assert [event.data["percent"] for event in visit.heard("session.limit_reached")] == [80, 80]
    visit.go_to(at + 131 * MINUTE)
    assert visit.segments[-1].ended_at == at + 130 * MINUTE


def test_it_does_not_go_on_while_nothing_is_left() -> None:
    """409 at resume, whoever asks; the check-out is open."""
    visit = a_limited_visit(an_hour())
    visit.go_to(START + 65 * MINUTE)
    refusal = refused(visit.decide(ResumeSession(session_id=visit.id), OWN))
    assert refusal.code is Code.TIME_LIMIT_REACHED
    assert refusal.extra == {"limit_minutes": 60, "period": "day"}
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.history.time_charge_minor == 1_200


def test_the_accounts_word_at_the_hold_counts() -> None:
    """A limit that was lowered while the visit rested is heard with the hold."""
    visit = a_visit()
    visit.go_to(START + 20 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.state.put(visit.session.revised(held_minor=0))
    visit.wallet.time = TimeAllowance(limits=(TimeLimit(period=_P.DAY, minutes=20),))
    answer = visit.do(ResumeSession(session_id=visit.id), OWN)
    assert refused(answer).code is Code.TIME_LIMIT_REACHED  # type: ignore[arg-type]
    assert visit.status is SessionStatus.PAUSED


def test_who_comes_back_into_the_fence_stays_paused() -> None:
    """The system does not do what the patron may not."""
    visit = a_visit()
    visit.go_to(START + 20 * MINUTE)
    leave(visit)
    assert visit.status is SessionStatus.AUTO_PAUSED
    time = TimeAllowance(limits=(TimeLimit(period=_P.DAY, minutes=10),))
    visit.do(OwnTimeChanged(session_id=visit.id, time=time), in_saga=False)
    visit.do(ReportLocation(session_id=visit.id, fixes=(a_fix(visit.now),)), OWN)
    assert visit.status is SessionStatus.AUTO_PAUSED


def test_a_limit_that_is_lowered_holds_at_once() -> None:
    """What was charged beyond it stays charged; nothing more is."""
    visit = a_visit()
    visit.go_to(START + 30 * MINUTE + 20 * SECOND)
    time = TimeAllowance(limits=(TimeLimit(period=_P.DAY, minutes=10),))
    visit.do(OwnTimeChanged(session_id=visit.id, time=time), in_saga=False)
    assert visit.status is SessionStatus.PAUSED
    assert visit.segments[-1].ended_at == START + 30 * MINUTE
    assert visit.wallet.charged == 600


def test_a_tick_hears_of_a_new_limit() -> None:
    """Whoever missed the message hears it with the next charge."""
    visit = a_visit()
    visit.go_to(START + 30 * MINUTE)
    visit.wallet.time = TimeAllowance(limits=(TimeLimit(period=_P.DAY, minutes=30),))
    visit.go_to(START + 31 * MINUTE)
    assert visit.status is SessionStatus.PAUSED


def test_a_room_stops_too() -> None:
    """It is not pausable, and yet a limit is a limit (Rule 7)."""
    visit = a_limited_visit(an_hour(), Activity.KARAOKE_ROOM)
    visit.go_to(START + 61 * MINUTE)
    assert visit.status is SessionStatus.PAUSED
    assert visit.wallet.charged == 3_000


def test_who_has_nothing_left_uses_nothing() -> None:
    """They may come in for a drink; the meter never starts."""
    visit = a_limited_visit(an_hour(used=60))
    visit.go_to(START + MS)
    assert visit.session.status is SessionStatus.PAUSED
    visit.go_to(START + timedelta(hours=1))
    assert visit.history.status is SessionStatus.CLOSED
    assert (visit.history.billable_ms, visit.wallet.charged) == (0, 0)
    assert visit.heard("session.limit_reached") == []


def test_the_quote_says_when_time_ends() -> None:
    """Rule 3's headroom: an app shows the hour at which it is over."""
    visit = a_limited_visit(an_hour())
    visit.go_to(START + 10 * MINUTE)
    quote = visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert isinstance(quote, MeterQuote)
    assert quote.time_limit_at == START + 60 * MINUTE


def test_without_a_limit_nothing_changes() -> None:
    """Most people have none."""
    visit = a_limited_visit(TimeAllowance())
    visit.go_to(START + 3 * 60 * MINUTE)
    assert visit.status is SessionStatus.ACTIVE
    assert visit.heard("session.limit_reached") == []


def test_a_visit_that_is_over_hears_of_no_limits() -> None:
    """The message may be late."""
    visit = a_visit()
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.do(OwnTimeChanged(session_id=visit.id, time=an_hour()), in_saga=False)
    assert visit.status is SessionStatus.CLOSED


def test_after_a_break_that_was_long_enough_the_time_of_before_still_counts() -> None:
    """A pause is no way round an own limit."""
    visit = a_limited_visit(an_hour())
    visit.go_to(START + 40 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.go_to(START + 60 * MINUTE)
    assert isinstance(visit.do(ResumeSession(session_id=visit.id), OWN), SessionChanged)
    visit.go_to(START + 85 * MINUTE)
    assert visit.segments[-1].ended_at == START + 80 * MINUTE
