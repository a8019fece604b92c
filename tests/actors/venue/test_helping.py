"""A patron's call for help: taken whatever comes, seen by nobody, and never left alone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from protocol.addresses import Role
from protocol.internal.duty import StaffOffDuty, StaffOnDuty
from protocol.internal.emergencies import AlertPeople, EscalateSos
from protocol.internal.safety import HelpAsked
from protocol.internal.tasks import CloseTask, OpenTask
from protocol.operations.safety import HelpKind, RequestHelp, RespondSos, SosAction
from protocol.operations.staff_work import TaskMove, UpdateTaskStatus
from protocol.records.safety import Incident, SafetyLog
from protocol.records.staff import StaffTask
from protocol.records.states import IncidentKind, IncidentStatus, Severity, TaskPriority
from protocol.replies.safety import HelpTaken
from tests.actors.deciding import NOW, a_principal
from tests.actors.venue.emergencies import id_at
from tests.actors.venue.floors import GUEST, PATRON, SESSION, VENUE, VENUE_ID, a_seat
from tests.actors.venue.people import ANN, BEN, MANAGER_ID, a_house, alerted, do, sent


@pytest.mark.parametrize("seated", [True, False])
def test_help_comes_with_or_without_a_visit(seated: bool) -> None:
    """A body is not needed and neither is a session; where there is one, it is named."""
    house = a_house(*([a_seat(zone="bar")] if seated else []))
    outcome = do(house, RequestHelp(), PATRON)
    assert isinstance(outcome.reply, HelpTaken)
    incident = house.one(Incident)
    assert (incident.kind, incident.severity) == (IncidentKind.HELP, Severity.MEDIUM)
    assert incident.session_id == (SESSION if seated else None)
    assert incident.zone == ("bar" if seated else None)
    assert incident.silent
    (event,) = outcome.events
    assert (event.type, event.urgent, event.hide_from) == ("safety.help_requested", True, GUEST)
    assert set(event.rooms) == {f"venue:{VENUE_ID}:staff", f"venue:{VENUE_ID}:management"}
    assert event.data["kind"] == "other"
    assert [row.kind for row in outcome.appends if isinstance(row, SafetyLog)] == ["help"]


def test_help_does_not_name_a_visit_that_has_not_begun() -> None:
    """A seat that was asked for is not taken before the account agrees, and it may not."""
    asked_for = a_seat(UUID(int=1), zone=None, version=1)
    for seats in ([asked_for], [asked_for, a_seat(zone="bar")]):
        house = a_house(*seats)
        do(house, RequestHelp(), PATRON)
        assert house.one(Incident).session_id == (SESSION if len(seats) > 1 else None)


def test_two_of_the_staff_are_alerted_and_one_has_the_task() -> None:
    """Not the whole house: a crowd that comes running is no discretion."""
    house = a_house()
    outcome = do(house, RequestHelp(kind=HelpKind.HARASSMENT), PATRON)
    assert len(alerted(outcome)) == 2
    (task,) = sent(outcome, OpenTask, VENUE)
    assert task.assignee_id in alerted(outcome)
    assert (task.kind, task.priority) == ("help", TaskPriority.CRITICAL)
    assert task.task_id == house.one(Incident).id
    (alert,) = sent(outcome, AlertPeople)
    assert (alert.hide_from, alert.tier) == (GUEST, 0)


def test_with_nobody_on_duty_management_is_alerted_at_home() -> None:
    """Better somebody far than nobody."""
    outcome = do(a_house(staff=()), RequestHelp(), PATRON)
    assert alerted(outcome) == {MANAGER_ID}


def test_it_escalates_like_an_sos_of_medium_severity() -> None:
    """120 s, 300 s, 600 s, and then everyone each minute."""
    house = a_house()
    outcome = do(house, RequestHelp(incident_id=id_at(NOW)), PATRON)
    (timer,) = outcome.timers
    assert getattr(timer, "due_at", None) == NOW + timedelta(seconds=120)
    tiers = []
    for seconds in (120, 300, 600, 660):
        at = NOW + timedelta(seconds=seconds)
        risen = do(
            house,
            EscalateSos(incident_id=house.one(Incident).id),
            now=at,
            shared={VENUE: house.profile},
            in_saga=False,
        )
        (event,) = risen.events
        assert event.type == "emergency.sos_escalated"
        assert event.hide_from == GUEST
        tiers.append(event.data["tier"])
    assert tiers == [1, 2, 3, 3]
    assert house.one(Incident).status is IncidentStatus.EXHAUSTED


def test_asking_again_joins_and_alerts_again() -> None:
    """Trembling hands: one incident, one task, two alerts."""
    house = a_house()
    do(house, RequestHelp(incident_id=id_at(NOW, 1)), PATRON)
    again = do(house, RequestHelp(incident_id=id_at(NOW, 2), note="hurry"), PATRON)
    assert again.status == 200
    assert house.one(Incident).repeats == 1
    assert house.one(Incident).note == "hurry"
    assert sent(again, OpenTask) == []
    assert len(alerted(again)) == 2


def test_the_same_call_left_twice_is_one() -> None:
    """The gateway leaves it in the journal when the answer takes too long."""
    house = a_house()
    do(house, RequestHelp(incident_id=id_at(NOW)), PATRON)
    again = do(house, RequestHelp(incident_id=id_at(NOW)), PATRON)
    assert again.status == 200
    assert again.changes == ()


def test_a_call_whose_acknowledgement_came_first_is_filled_in() -> None:
    """Somebody on the way to an alert that was not recorded yet stays its owner."""
    house = a_house()
    taken = RespondSos(incident_id=id_at(NOW), action=SosAction.ACKNOWLEDGE)
    do(house, taken, a_principal(ANN, Role.STAFF, VENUE_ID))
    do(house, RequestHelp(incident_id=id_at(NOW), kind=HelpKind.UNWELL), PATRON)
    incident = house.one(Incident)
    assert (incident.kind, incident.raised_by, incident.owner_id) == (IncidentKind.HELP, GUEST, ANN)
    assert incident.late


def test_an_answer_of_help_is_a_call_for_help_once() -> None:
    """From a check: the same incident kind; a second one while somebody comes is none."""
    house = a_house(a_seat())
    asked = HelpAsked(incident_id=UUID(int=5), session_id=SESSION, user_id=GUEST, zone="bar")
    outcome = do(house, asked, in_saga=False)
    assert outcome.reply is None
    assert house.one(Incident).zone == "bar"
    again = do(house, asked.evolve(incident_id=UUID(int=6)), in_saga=False)
    assert again.changes == ()
    assert do(house, asked, in_saga=False).changes == ()


def test_the_task_ends_with_the_call() -> None:
    """Nobody is to look for somebody who has been helped."""
    house = a_house()
    do(house, RequestHelp(incident_id=id_at(NOW)), PATRON)
    incident_id = house.one(Incident).id
    for action in (SosAction.ACKNOWLEDGE, SosAction.ON_SCENE, SosAction.RESOLVE):
        who = a_principal(BEN, Role.STAFF, VENUE_ID)
        outcome = do(house, RespondSos(incident_id=incident_id, action=action), who)
    (closed,) = sent(outcome, CloseTask, VENUE)
    assert (closed.task_id, closed.by) == (incident_id, BEN)
    assert house.one(Incident).status is IncidentStatus.RESOLVED


def test_whoever_accepts_the_task_has_acknowledged_the_call() -> None:
    """They are on the way; the house must not grow louder for having nobody."""
    house = a_house()
    asked = do(house, RequestHelp(incident_id=id_at(NOW)), PATRON)
    (open_task,) = sent(asked, OpenTask, VENUE)
    do(house, open_task, in_saga=False)
    task = house.one(StaffTask)
    assert task.assignee_id is not None
    mover = a_principal(task.assignee_id, Role.STAFF, VENUE_ID)
    accept = UpdateTaskStatus(task_id=task.id, status=TaskMove.ACCEPTED)
    accepted = do(house, accept, mover, expected_version=task.version)
    (coming,) = sent(accepted, RespondSos, VENUE)
    do(house, coming, mover, in_saga=False)
    incident = house.one(Incident)
    assert (incident.status, incident.owner_id) == (IncidentStatus.ACKNOWLEDGED, task.assignee_id)


def test_the_task_of_a_call_that_somebody_took_changes_nothing_of_it() -> None:
    """First acknowledgement wins (Rule 8)."""
    house = a_house()
    asked = do(house, RequestHelp(incident_id=id_at(NOW)), PATRON)
    (open_task,) = sent(asked, OpenTask, VENUE)
    do(house, open_task, in_saga=False)
    task = house.one(StaffTask)
    assert task.assignee_id is not None
    other = BEN if task.assignee_id == ANN else ANN
    taken = RespondSos(incident_id=task.id, action=SosAction.ACKNOWLEDGE)
    do(house, taken, a_principal(other, Role.STAFF, VENUE_ID))
    accept = UpdateTaskStatus(task_id=task.id, status=TaskMove.ACCEPTED)
    mover = a_principal(task.assignee_id, Role.STAFF, VENUE_ID)
    assert sent(do(house, accept, mover, expected_version=task.version), RespondSos) == []


def test_who_works_here_and_calls_for_help_is_not_sent_to_themselves() -> None:
    """Neither as one of the two, nor with the task, nor when it is passed on or taken over."""
    house = a_house(staff=(ANN, BEN))
    worker = a_principal(ANN, Role.STAFF, VENUE_ID)
    asked = do(house, RequestHelp(incident_id=id_at(NOW)), worker)
    assert alerted(asked) == {BEN}
    (open_task,) = sent(asked, OpenTask, VENUE)
    do(house, open_task, in_saga=False)
    assert house.one(StaffTask).assignee_id == BEN
    leaving, staying = sorted(house.on_duty(), key=lambda place: place.staff_id == ANN)
    gone = StaffOffDuty(staff_id=BEN, shift_id=leaving.shift_id)
    do(house, gone, in_saga=False)
    assert house.one(StaffTask).assignee_id is None, "it waits for somebody else"
    back = StaffOnDuty(
        staff_id=ANN,
        shift_id=staying.shift_id,
        display_name="Ann",
        on_break=False,
        since=staying.since,
    )
    do(house, back, in_saga=False)
    assert house.one(StaffTask).assignee_id is None


def test_the_only_one_on_duty_who_calls_for_help_alerts_management() -> None:
    """Better somebody far than oneself."""
    house = a_house(staff=(ANN,))
    asked = do(house, RequestHelp(), a_principal(ANN, Role.STAFF, VENUE_ID))
    assert alerted(asked) == {MANAGER_ID}
    (open_task,) = sent(asked, OpenTask, VENUE)
    do(house, open_task, in_saga=False)
    assert house.one(StaffTask).assignee_id is None
