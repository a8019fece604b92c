"""Rule 8 at random: whatever people and clocks do, no incident falls silent."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.rules.sos import is_open
from protocol.operations.safety import SosAction
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, Severity
from tests.actors.venue.emergencies import MANAGER, OTHER, OWNER, RAISER, RESPONDER, Devices, id_at

PEOPLE = st.sampled_from([RAISER, RESPONDER, OTHER, MANAGER, OWNER])


class Emergencies(RuleBasedStateMachine):
    """One night of presses, responses, lost presses and time."""

    def __init__(self) -> None:
        super().__init__()
        self.night = Devices()
        self.lost: list[UUID] = []
        self.closed: set[UUID] = set()
        self.made = 0

    def named(self) -> UUID:
        self.made += 1
        return id_at(self.night.now, self.made)

    @rule(by=PEOPLE, severity=st.sampled_from(Severity), silent=st.booleans())
    def press(self, by: UUID, severity: Severity, silent: bool) -> None:
        self.night.press(by, incident_id=self.named(), severity=severity, silent=silent)

    @rule(seconds=st.integers(0, 400))
    def wait(self, seconds: int) -> None:
        self.night.wait(seconds)

    @rule(by=PEOPLE, action=st.sampled_from(SosAction), which=st.integers(0, 20))
    def respond(self, by: UUID, action: SosAction, which: int) -> None:
        known = list(self.night.state.rows(Incident))
        if known:
            self.night.respond(by, action, known[which % len(known)][0])

    @rule(who=st.lists(PEOPLE, min_size=1, max_size=3), which=st.integers(0, 20))
    def receive(self, who: list[UUID], which: int) -> None:
        """To have it on a screen is no answer, of whatever incident and however often."""
        known = list(self.night.state.rows(Incident))
        if known:
            self.night.receive(*who, of=known[which % len(known)][0])

    @rule(which=st.integers(0, 20))
    def hear_that_nobody_has_it(self, which: int) -> None:
        known = list(self.night.state.rows(Incident))
        if known:
            self.night.unheard(known[which % len(known)][0])

    @rule(by=PEOPLE)
    def acknowledge_what_got_lost(self, by: UUID) -> None:
        lost = self.named()
        self.lost.append(lost)
        self.night.respond(by, SosAction.ACKNOWLEDGE, lost)

    @rule(by=PEOPLE)
    def let_a_lost_press_arrive(self, by: UUID) -> None:
        if self.lost:
            self.night.press(by, incident_id=self.lost.pop(), in_saga=False)

    @invariant()
    def whoever_still_needs_somebody_has_a_timer(self) -> None:
        timers = {name: timer.due_at for name, timer in self.night.timers.items()}
        for incident in self.night.state.all(Incident):
            awaited = is_open(incident) and incident.status is not IncidentStatus.ON_SCENE
            due_at = timers.pop(f"sos:{incident.id}", None)
            assert due_at == incident.next_tier_at
            assert (due_at is not None) == awaited, incident
            if due_at is not None:
                # Never further away than the longest wait of the rule.
                assert (due_at - self.night.now).total_seconds() <= 300
        assert not timers

    @invariant()
    def only_people_end_incidents_and_nothing_ends_twice(self) -> None:
        for incident in self.night.state.all(Incident):
            if not is_open(incident):
                assert incident.closed_by is not None
                assert incident.outcome == incident.status.value
                self.closed.add(incident.id)
            else:
                assert incident.id not in self.closed

    @invariant()
    def every_change_has_its_line(self) -> None:
        lines: dict[UUID, list[int]] = defaultdict(list)
        for line in self.night.lines:
            lines[line.incident_id].append(line.seq)
        for incident in self.night.state.all(Incident):
            assert lines[incident.id] == list(range(1, incident.version + 1))

    @invariant()
    def nobody_owns_what_they_raised(self) -> None:
        for incident in self.night.state.all(Incident):
            if is_open(incident):
                assert incident.owner_id != incident.raised_by


Emergencies.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestNoSilentEnd = Emergencies.TestCase
"""No incident ends silently, in whatever order things happen."""
