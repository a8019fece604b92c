"""Rules 2 and 3 at random: a visit is in the state, and costs the money, that a small model says.

The model knows no segments, ticks or holds: a status, how long each activity ran, and the numbers
of the rules, written down once more.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.rules.settings import DEFAULT
from protocol.addresses import Principal, Role
from protocol.errors import Code, Refusal
from protocol.operations.care import OpenIntervention
from protocol.operations.sessions import (
    CheckOut,
    PauseSession,
    ReportLocation,
    ResumeSession,
    SwitchActivity,
)
from protocol.operations.sessions_managed import VoidSession
from protocol.records.states import Activity
from tests.actors.deciding import IDS, a_principal, refused_with
from tests.actors.session.visit_kit import MINUTE, OWN, SECOND, STAFF, Visit, a_fix, a_visit
from tests.actors.session.visit_opening import START, VENUE_ID

FUNDS = 100_000
RATES = {"lounge": 600, "arcade_time": 1_200}
CAP = 6_000
PAUSES_MAX = 6
FREE_UP_TO = 5 * MINUTE
PAUSED_MAX = {"paused": 45 * MINUTE, "auto_paused": 30 * MINUTE}
COOLED_LEAST = 20 * MINUTE
VOIDED_UP_TO = 10 * MINUTE
MANAGER = a_principal(IDS.fresh(), Role.MANAGEMENT, VENUE_ID)
QUIET = attrs.evolve(
    DEFAULT, break_reminder_minutes=240, long_session_minutes=1_440, long_session_high_minutes=1_440
)
"""Nobody asks after a guest who has said nothing: that is for other tests."""
PEOPLE = st.sampled_from([OWN, STAFF])
RESTING = ("paused", "auto_paused")
OVER = ("closed", "voided")


class VisitMachine(RuleBasedStateMachine):
    """One visit within one business day, by those who may end it and by time."""

    def __init__(self) -> None:
        super().__init__()
        self.visit: Visit = a_visit(FUNDS, Activity.ARCADE_TIME, settings=QUIET)
        self.status = "active"
        self.activity = "arcade_time"
        self.since: datetime = START
        self.ran: Counter[str] = Counter()
        self.pauses = 0
        self.posted = 0
        self.cooled = False
        self.receipt: object = None

    # The model

    def ran_until(self, at: datetime) -> Counter[str]:
        """Milliseconds of each activity."""
        ran = Counter(self.ran)
        if self.status == "active":
            ran[self.activity] += (at - self.since) // timedelta(milliseconds=1)
        return ran

    def cost(self, at: datetime) -> int:
        """Rule 3: each activity is rounded down once, the short visit is free, the day capped."""
        ran = self.ran_until(at)
        if ran.total() <= FREE_UP_TO // timedelta(milliseconds=1):
            return 0
        return min(CAP, sum(RATES[name] * ms // 3_600_000 for name, ms in ran.items()))

    def becomes(self, status: str, at: datetime) -> None:
        """The model goes on to another state."""
        self.ran, self.status, self.since = self.ran_until(at), status, at

    @property
    def age(self) -> timedelta:
        return self.visit.now - START

    # What happens

    @rule(seconds=st.integers(1, 2_400))
    def time_passes(self, seconds: int) -> None:
        """Timers fire; a rest that is too long ends the visit where the rest began."""
        until = self.visit.now + seconds * SECOND
        if until > START + 600 * MINUTE:
            return
        if self.status in RESTING and until >= self.since + PAUSED_MAX[self.status]:
            self.becomes("closed", self.since)
        self.visit.go_to(until)

    @rule()
    def a_tick_comes_early(self) -> None:
        """Rule 3 (a): when ticks come makes no difference."""
        if self.status == "active":
            self.visit.tick()

    @rule(who=PEOPLE)
    def pause(self, who: Principal) -> None:
        answer = self.visit.do(PauseSession(session_id=self.visit.id, reason="air"), who)
        if self.status == "active" and self.pauses < PAUSES_MAX:
            assert not isinstance(answer, Refusal), answer
            self.pauses += 1
            self.becomes("paused", self.visit.now)
        else:
            assert isinstance(answer, Refusal) or self.status == "paused"

    @rule(who=PEOPLE)
    def resume(self, who: Principal) -> None:
        location = a_fix(self.visit.now) if who is OWN else None
        command = ResumeSession(session_id=self.visit.id, location=location, reason="back")
        answer = self.visit.do(command, who)
        if self.status in RESTING:
            assert not isinstance(answer, Refusal), answer
            self.becomes("active", self.visit.now)
        else:
            assert isinstance(answer, Refusal) or self.status == "active"

    @rule(activity=st.sampled_from([Activity.LOUNGE, Activity.ARCADE_TIME]))
    def switch(self, activity: Activity) -> None:
        command = SwitchActivity(session_id=self.visit.id, activity=activity)
        answer = self.visit.do(command, OWN)
        if isinstance(answer, Refusal):
            assert self.status != "active" or activity == self.activity, answer
            return
        assert self.status == "active"
        self.visit.reserve(activity)
        self.becomes("active", self.visit.now)
        self.activity = activity.value

    @precondition(lambda self: self.status == "active" and self.visit.now > self.since + MINUTE)
    @rule()
    def walk_away(self) -> None:
        """Rule 6: two fixes outside, and the meter stopped at the first."""
        first = self.visit.now
        self.visit.do(ReportLocation(session_id=self.visit.id, fixes=(a_fix(first, 400),)), OWN)
        self.visit.go_to(first + 30 * SECOND)
        fix = a_fix(self.visit.now, 400)
        self.visit.do(ReportLocation(session_id=self.visit.id, fixes=(fix,)), OWN)
        self.becomes("auto_paused", first)

    @precondition(lambda self: self.status == "auto_paused")
    @rule()
    def come_back(self) -> None:
        # A fix of the same moment as the last one tells nothing new.
        self.visit.go_to(self.visit.now + SECOND)
        fix = a_fix(self.visit.now)
        self.visit.do(ReportLocation(session_id=self.visit.id, fixes=(fix,)), OWN)
        self.becomes("active", self.visit.now)

    @precondition(lambda self: not self.cooled and self.status not in OVER)
    @rule()
    def cool(self) -> None:
        """Rule 7, level 3: service ends and the meter with it."""
        command = OpenIntervention(session_id=self.visit.id, level=3, reason="sways")
        assert not isinstance(self.visit.do(command, MANAGER), Refusal)
        self.cooled = True
        self.becomes("cooling", self.visit.now)

    @precondition(lambda self: self.status == "cooling")
    @rule()
    def let_on(self) -> None:
        """Management may override; nobody else may."""
        command = ResumeSession(session_id=self.visit.id, reason="is fine")
        assert refused_with(self.visit.decide(command, STAFF)) is Code.SAFETY_HOLD_ACTIVE
        assert not isinstance(self.visit.do(command, MANAGER), Refusal)
        self.becomes("active", self.visit.now)

    @rule(who=PEOPLE)
    def check_out(self, who: Principal) -> None:
        answer = self.visit.do(CheckOut(session_id=self.visit.id), who)
        if self.status == "voided":
            assert isinstance(answer, Refusal)
            assert answer.code is Code.SESSION_VOIDED
            return
        if self.status != "closed":
            self.becomes("closed", self.visit.now)
        assert not isinstance(answer, Refusal), answer
        assert self.receipt in (None, answer), "Rule 2: the first receipt again"
        self.receipt = answer

    @precondition(lambda self: self.age < 2 * VOIDED_UP_TO)
    @rule()
    def void(self) -> None:
        """Rule 2: within ten minutes, with all that was charged."""
        command = VoidSession(session_id=self.visit.id, reason="wrong person")
        answer = self.visit.do(command, MANAGER)
        fits = self.status in ("active", *RESTING) and self.age <= VOIDED_UP_TO
        if fits:
            assert not isinstance(answer, Refusal), answer
            self.becomes("voided", self.visit.now)
            self.ran.clear()
        else:
            assert isinstance(answer, Refusal) or self.status == "voided"

    # What holds

    @invariant()
    def it_is_in_the_state_of_the_model(self) -> None:
        assert self.visit.status.value == self.status

    @invariant()
    def it_never_costs_more_than_the_model_and_in_the_end_as_much(self) -> None:
        charged = self.visit.wallet.charged
        assert charged <= self.cost(self.visit.now)
        if self.status != "active":
            assert charged == self.cost(self.visit.now)

    @invariant()
    def money_is_only_moved(self) -> None:
        wallet = self.visit.wallet
        assert wallet.available + wallet.held + wallet.charged == FUNDS
        assert wallet.held == 0 or self.status not in OVER

    @invariant()
    def only_an_active_visit_has_a_running_segment(self) -> None:
        running = [row for row in self.visit.segments if row.ended_at is None]
        assert len(running) == (self.status == "active")

    @invariant()
    def whatever_rests_has_its_end_set(self) -> None:
        """Rule 2: no visit rests for ever."""
        due = self.visit.timers.get("deadline")
        if self.status in RESTING:
            assert due is not None
            assert due.due_at == self.since + PAUSED_MAX[self.status]


VisitMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestVisit = VisitMachine.TestCase
"""A visit against its model."""
