"""What the venue does for a patron's safety: it sends people, refuses alcohol, and shuts a door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from protocol.errors import Code
from protocol.internal.emergencies import AlertPeople
from protocol.internal.safety import (
    CareEnded,
    HoldForNight,
    HoldService,
    LiftService,
    PatronObserved,
    SendSomebody,
)
from protocol.internal.tasks import CloseTask, OpenTask
from protocol.internal.visits import AdmitPatron
from protocol.operations.care import LogSafetyObservation, Sign
from protocol.records.platform import AuditEntry
from protocol.records.runtime import SafetyHold
from protocol.records.safety import SafetyLog
from protocol.records.states import Severity, TaskPriority
from protocol.replies.care import ObservationLogged
from tests.actors.deciding import NOW, refused_with
from tests.actors.venue.floors import (
    AT_DOOR,
    BEER,
    ELSEWHERE,
    FRIES,
    GUEST,
    PATRON,
    SESSION,
    VENUE,
    VENUE_ID,
    a_beer,
    a_buyer,
    a_check_in,
    a_seat,
    an_item,
    an_order,
)
from tests.actors.venue.people import (
    ANN,
    BEN,
    MANAGER,
    MANAGER_ID,
    OWNER_ID,
    a_house,
    alerted,
    decide,
    do,
    sent,
)

CASE, TASK = UUID(int=0x201), UUID(int=0x202)
HOLD = HoldService(user_id=GUEST, session_id=SESSION, intervention_id=CASE, level=3)


def an_errand(**changes: Any) -> SendSomebody:
    known: dict[str, Any] = {
        "task_id": TASK,
        "intervention_id": CASE,
        "session_id": SESSION,
        "user_id": GUEST,
        "level": 2,
        "zone": "bar",
        "due_at": NOW + timedelta(minutes=5),
    }
    return SendSomebody(**(known | changes))


def test_a_welfare_check_is_one_person_s_task() -> None:
    """Level 2, first tier: a task with its deadline and nobody else disturbed."""
    outcome = do(a_house(), an_errand(), in_saga=False)
    (task,) = sent(outcome, OpenTask, VENUE)
    assert (task.intervention_id, task.session_id, task.zone) == (CASE, SESSION, "bar")
    assert (task.priority, task.for_management) == (TaskPriority.HIGH, False)
    assert task.due_at == NOW + timedelta(minutes=5)
    assert alerted(outcome) == set()


def test_a_hold_is_a_task_for_management() -> None:
    """Level 3."""
    (task,) = sent(do(a_house(), an_errand(level=3), in_saga=False), OpenTask)
    assert (task.priority, task.for_management) == (TaskPriority.CRITICAL, True)


def test_each_tier_tells_more_people_and_takes_the_task_over() -> None:
    """Missed deadlines go to on-duty staff, to management at home, to the owner."""
    house = a_house(staff=(ANN, BEN))
    told = []
    for tier in (1, 2, 3):
        errand = an_errand(tier=tier, before_id=UUID(int=tier), task_id=UUID(int=tier + 1))
        outcome = do(house, errand, in_saga=False)
        (before,) = sent(outcome, CloseTask)
        assert before.task_id == UUID(int=tier)
        told.append(alerted(outcome))
        (alert,) = sent(outcome, AlertPeople)
        assert alert.severity is Severity.MEDIUM
    assert told == [{ANN, BEN}, {ANN, BEN, MANAGER_ID}, {ANN, BEN, MANAGER_ID, OWNER_ID}]


def test_with_nobody_on_duty_management_hears_at_once() -> None:
    """A task that nobody has is no help."""
    outcome = do(a_house(staff=()), an_errand(), in_saga=False)
    assert MANAGER_ID in alerted(outcome)


def test_a_case_that_is_over_takes_its_task_along() -> None:
    """Whoever has it need not go."""
    ended = CareEnded(intervention_id=CASE, task_id=TASK, result="fine", by=ANN)
    (closed,) = sent(do(a_house(), ended, in_saga=False), CloseTask, VENUE)
    assert (closed.task_id, closed.result, closed.by) == (TASK, "fine", ANN)


def test_a_hold_refuses_alcohol_with_a_visit_and_without() -> None:
    """Rule 7: from level 3 on, whoever asks; water and food stay available."""
    house = a_house(a_beer(), an_item())
    do(house, HOLD, in_saga=False)
    for buyer in (a_buyer(), a_buyer(session_id=None)):
        beer = decide(house, an_order((BEER, 1), buyer=buyer), PATRON)
        assert refused_with(beer) is Code.ALCOHOL_REFUSED
        do(house, an_order((FRIES, 1), buyer=buyer), PATRON)
    do(house, LiftService(user_id=GUEST, session_id=SESSION), in_saga=False)
    do(house, an_order((BEER, 1)), PATRON)


def test_a_hold_outlives_the_visit_and_shuts_the_door() -> None:
    """409 safety_hold_active until management lifts it."""
    house = a_house()
    do(house, HOLD, in_saga=False)

    def verdict() -> Any:
        outcome = do(house, a_check_in(), PATRON)
        (admit,) = sent(outcome, AdmitPatron)
        return None if admit.venue_refusal is None else admit.venue_refusal.code

    assert verdict() is Code.SAFETY_HOLD_ACTIVE
    do(house, LiftService(user_id=GUEST, session_id=UUID(int=9)), in_saga=False)
    assert verdict() is Code.SAFETY_HOLD_ACTIVE
    do(house, LiftService(user_id=GUEST, session_id=SESSION), in_saga=False)
    assert verdict() is not Code.SAFETY_HOLD_ACTIVE


def test_a_second_word_of_the_same_hold_is_its_next_version() -> None:
    """A rise to level 4 is the same hold."""
    house = a_house()
    do(house, HOLD, in_saga=False)
    do(house, HOLD.evolve(level=4), in_saga=False)
    hold = house.one(SafetyHold)
    assert (hold.level, hold.version, hold.since) == (4, 2, NOW)


def test_a_person_without_a_visit_who_is_intoxicated_is_served_no_more_that_day() -> None:
    """visible_intoxication is a floor for everyone; without a case it ends with the day."""
    house = a_house(a_beer())
    seen = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, visible_intoxication=True)
    outcome = do(house, seen, AT_DOOR)
    assert isinstance(outcome.reply, ObservationLogged)
    assert outcome.reply.session_id is None
    order = an_order((BEER, 1), buyer=a_buyer(session_id=None))
    assert refused_with(decide(house, order, PATRON)) is Code.ALCOHOL_REFUSED
    tomorrow = NOW + timedelta(hours=20)
    do(house, order, PATRON, now=tomorrow)
    assert do(house, seen, AT_DOOR, now=tomorrow).changes[0].version == 2  # type: ignore[attr-defined]


def test_who_was_seen_on_the_way_out_is_held_once() -> None:
    """A visit that is over says so; what stands already stays as it is."""
    house = a_house(a_beer())
    outcome = do(house, HoldForNight(user_id=GUEST), in_saga=False)
    (hold,) = outcome.changes
    assert isinstance(hold, SafetyHold)
    assert (hold.level, hold.intervention_id) == (3, None)
    order = an_order((BEER, 1), buyer=a_buyer(session_id=None))
    assert refused_with(decide(house, order, PATRON)) is Code.ALCOHOL_REFUSED
    assert do(house, HoldForNight(user_id=GUEST), in_saga=False).changes == ()


def test_management_lifts_the_hold_of_a_person_without_a_visit() -> None:
    """Levels from 3 on fall only by management, and a mistake must not cost somebody the night."""
    house = a_house()
    seen = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, visible_intoxication=True)
    do(house, seen, AT_DOOR)
    lift = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, lifts_hold=True, notes="a limp")
    assert refused_with(decide(house, lift, AT_DOOR)) is Code.FORBIDDEN
    assert refused_with(decide(house, lift, ELSEWHERE)) is Code.NOT_FOUND
    outcome = do(house, lift, MANAGER)
    assert not list(house.all(SafetyHold))
    line, trail = outcome.appends
    assert isinstance(line, SafetyLog)
    assert (line.kind, line.level, line.notes) == ("level", 0, "lifted: a limp")
    assert isinstance(trail, AuditEntry)
    assert trail.action == "safety_hold.lifted"
    (admit,) = sent(do(house, a_check_in(), PATRON), AdmitPatron)
    refusal = admit.venue_refusal
    assert refusal is None or refusal.code is not Code.SAFETY_HOLD_ACTIVE


def test_the_hold_of_a_visit_is_lifted_by_the_outcome_of_its_case() -> None:
    """Else a case would stand open on a person whom the door lets in."""
    house = a_house()
    do(house, HOLD, in_saga=False)
    lift = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, lifts_hold=True)
    refusal = decide(house, lift, MANAGER)
    assert refused_with(refusal) is Code.INTERVENTION_OPEN
    assert refusal.extra["intervention_id"] == str(CASE)  # type: ignore[union-attr]
    assert list(house.all(SafetyHold))


def test_to_lift_what_does_not_stand_is_written_down_and_changes_nothing() -> None:
    """Two managers who press the same button are both right."""
    lift = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, lifts_hold=True)
    outcome = do(a_house(), lift, MANAGER)
    assert not outcome.removes
    assert isinstance(outcome.reply, ObservationLogged)


@pytest.mark.parametrize(
    "wrong",
    [
        {"session_id": SESSION, "user_id": GUEST},
        {"user_id": None},
        {"visible_intoxication": True},
        {"signs": (Sign.LOUD,)},
    ],
)
def test_a_hold_is_lifted_of_a_person_and_with_no_sign_against_it(wrong: dict[str, Any]) -> None:
    """Half of such a request would be wrong, and nobody knows which."""
    whom: dict[str, Any] = {"venue_id": VENUE_ID, "user_id": GUEST, "lifts_hold": True} | wrong
    faults = list(LogSafetyObservation(**whom).faults())
    assert [fault.pointer for fault in faults] == ["/lifts_hold"]


def test_a_sign_of_a_person_with_a_visit_reaches_the_visit() -> None:
    """Staff need not know which session it is."""
    house = a_house(a_seat())
    seen = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, signs=(Sign.LOUD,))
    outcome = do(house, seen, AT_DOOR)
    assert isinstance(outcome.reply, ObservationLogged)
    assert outcome.reply.session_id == SESSION
    (observed,) = sent(outcome, PatronObserved)
    assert observed.signs == ("loud",)
    (line,) = [row for row in outcome.appends if isinstance(row, SafetyLog)]
    assert (line.session_id, line.signs, line.by_user) == (SESSION, ("loud",), AT_DOOR.user_id)


@pytest.mark.parametrize("who", [PATRON, ELSEWHERE])
def test_only_staff_of_the_venue_observe(who: Any) -> None:
    """Rule 15."""
    seen = LogSafetyObservation(venue_id=VENUE_ID, user_id=GUEST, aggression=True)
    assert refused_with(decide(a_house(), seen, who)) is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("rule", "order", "code"),
    [
        ("per_order", an_order((BEER, 3)), Code.QUANTITY_LIMIT),
        (
            "per_order",
            an_order((BEER, 5), buyer=a_buyer(persons_present=2)),
            Code.QUANTITY_LIMIT,
        ),
        (
            "underage",
            an_order((BEER, 1), buyer=a_buyer(age_years_verified=None)),
            Code.AGE_UNVERIFIED,
        ),
        (
            "underage",
            an_order((BEER, 1), buyer=a_buyer(age_years_verified=17)),
            Code.AGE_UNVERIFIED,
        ),
    ],
)
def test_a_refusal_of_service_is_in_the_register(rule: str, order: Any, code: Code) -> None:
    """Rule 7's rows that refuse an order: each refusal is a line for compliance."""
    decision = decide(a_house(a_beer()), order, PATRON)
    assert refused_with(decision) is code
    (line,) = decision.appends  # type: ignore[union-attr]
    assert isinstance(line, SafetyLog)
    assert (line.kind, line.user_id, line.notes) == ("refusal", GUEST, code.value), rule
    do(a_house(a_beer()), an_order((BEER, 4), buyer=a_buyer(persons_present=2)), PATRON)
