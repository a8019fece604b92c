"""Rule 8 at random: each incident is where a small model has it, at the tier and moment it says.

The model writes the rule's table down once more: three numbers for each severity.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from protocol.errors import Refusal
from protocol.operations.safety import SosAction
from protocol.records.safety import Incident
from protocol.records.states import Severity
from tests.actors.venue.emergencies import MANAGER, OTHER, OWNER, RAISER, RESPONDER, Devices, id_at

TIERS = {"critical": (0, 30, 90, 180), "high": (0, 60, 180, 360), "medium": (0, 120, 300, 600)}
"""Rule 8: seconds after the press at which each tier comes."""
LOUDEST_EVERY_S = 60
ARRIVES_WITHIN_S = 300
JOINS_WITHIN_S = 60
UNHEARD_S = 10
RAISERS = {RAISER: Severity.CRITICAL, RESPONDER: Severity.HIGH, OTHER: Severity.MEDIUM}
PEOPLE = st.sampled_from([RAISER, RESPONDER, OTHER, MANAGER, OWNER])
MANAGES = (MANAGER, OWNER)
OPEN = ("notifying", "acknowledged", "on_scene", "exhausted")


@attrs.define
class Model:
    """One incident in a few words."""

    raiser: UUID
    severity: str
    pressed_at: datetime
    status: str = "notifying"
    owner: UUID | None = None
    tier: int = 0
    next: tuple[int, datetime] | None = None
    heard: bool = False

    def __attrs_post_init__(self) -> None:
        self.wait_for(1, self.pressed_at + timedelta(seconds=TIERS[self.severity][1]))

    def wait_for(self, tier: int, at: datetime) -> None:
        self.next = (tier, at)

    def time_is(self, now: datetime) -> None:
        """Every tier that came due by now, one after the other."""
        while self.next is not None and self.next[1] <= now:
            tier, at = self.next
            self.owner = None if self.status == "acknowledged" else self.owner
            self.tier = tier
            self.status = "exhausted" if tier == 3 else "notifying"
            waits = TIERS[self.severity]
            seconds = LOUDEST_EVERY_S if tier == 3 else waits[tier + 1] - waits[tier]
            self.wait_for(min(3, tier + 1), at + timedelta(seconds=seconds))

    def nobody_has_it(self, now: datetime) -> None:
        """The first tier comes at once; the second when it would have come."""
        silent = now >= self.pressed_at + timedelta(seconds=UNHEARD_S) and not self.heard
        if silent and self.status == "notifying" and self.tier == 0:
            assert self.next is not None
            waits = TIERS[self.severity]
            self.tier = 1
            self.wait_for(2, self.next[1] + timedelta(seconds=waits[2] - waits[1]))

    def responded(self, by: UUID, action: str, now: datetime) -> str:
        """What happens, or the code of why not."""
        owns, manages = self.owner == by, by in MANAGES
        if self.status not in OPEN:
            return "incident_closed"
        if action in ("acknowledge", "on_scene") and by == self.raiser:
            return "self_ack"
        if action == "acknowledge":
            if self.status in ("acknowledged", "on_scene"):
                return "ok" if owns else "already_acknowledged"
            self.status, self.owner = "acknowledged", by
            self.wait_for(1, now + timedelta(seconds=ARRIVES_WITHIN_S))
            return "ok"
        if action == "false_alarm" and not manages:
            return "forbidden"
        if not (owns or manages):
            return "forbidden"
        if action in ("resolve", "false_alarm"):
            self.status = "resolved" if action == "resolve" else "false_alarm"
            self.next = None
        elif self.status not in ("acknowledged", "on_scene"):
            return "invalid_transition"
        elif action == "on_scene":
            if self.status == "on_scene":
                return "invalid_transition"
            self.status, self.next = "on_scene", None
        return "ok"


class Alarms(RuleBasedStateMachine):
    """One night of presses, responses and time, against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.night = Devices()
        self.models: dict[UUID, Model] = {}

    @rule(by=st.sampled_from([*RAISERS]), silent=st.booleans())
    def press(self, by: UUID, silent: bool) -> None:
        """A second press within a minute joins the first; a later one is an incident of its own."""
        named = id_at(self.night.now, len(self.models) + len(self.night.lines) + 1)
        now = self.night.now
        joined = [
            id_ for id_, model in self.models.items()
            if model.raiser == by and model.status in OPEN
            and (now - model.pressed_at).total_seconds() <= JOINS_WITHIN_S
        ]  # fmt: skip
        self.night.press(by, incident_id=named, severity=RAISERS[by], silent=silent)
        if joined:
            (id_,) = joined
            self.models[id_].pressed_at = now
        else:
            self.models[named] = Model(by, RAISERS[by].value, now)

    @rule(seconds=st.integers(0, 400))
    def wait(self, seconds: int) -> None:
        self.night.wait(seconds)
        for model in self.models.values():
            model.time_is(self.night.now)

    @rule(who=st.lists(PEOPLE, min_size=1, max_size=3), which=st.integers(0, 9))
    def receive(self, who: list[UUID], which: int) -> None:
        """It changes nothing but that it was heard."""
        if self.models:
            id_ = list(self.models)[which % len(self.models)]
            self.night.receive(*who, of=id_)
            model = self.models[id_]
            model.heard |= model.status in OPEN and any(user != model.raiser for user in who)

    @rule(which=st.integers(0, 9))
    def hear_that_nobody_has_it(self, which: int) -> None:
        if self.models:
            id_ = list(self.models)[which % len(self.models)]
            self.night.unheard(id_)
            self.models[id_].nobody_has_it(self.night.now)

    @rule(by=PEOPLE, action=st.sampled_from(SosAction), which=st.integers(0, 9))
    def respond(self, by: UUID, action: SosAction, which: int) -> None:
        """The first acknowledgement wins; everybody is told why they may not."""
        if not self.models:
            return
        id_ = list(self.models)[which % len(self.models)]
        outcome = self.night.respond(by, action, id_)
        expected = self.models[id_].responded(by, action.value, self.night.now)
        reply = outcome.reply
        assert (reply.code.value if isinstance(reply, Refusal) else "ok") == expected

    @invariant()
    def each_is_where_the_model_has_it(self) -> None:
        """Status, tier, and the moment at which more people are told."""
        found = {row.id: row for row in self.night.state.all(Incident)}
        assert found.keys() == self.models.keys()
        for id_, model in self.models.items():
            row = found[id_]
            assert row.status.value == model.status
            planned = None if row.next_tier is None else (row.next_tier, row.next_tier_at)
            assert planned == model.next, row
            if row.status.value == "acknowledged":
                assert row.owner_id == model.owner

    @invariant()
    def whoever_nobody_came_to_is_not_forgotten(self) -> None:
        """No silent end: it is on the scene, ended by a person, or more people are told soon."""
        for id_, model in self.models.items():
            if model.status in OPEN and model.status != "on_scene":
                assert self.night.timers[f"sos:{id_}"].due_at > self.night.now


Alarms.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAlarms = Alarms.TestCase
"""Incidents against their model."""
