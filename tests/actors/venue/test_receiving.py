"""Rule 8: who has an alert is written down; that nobody has it makes it louder at once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import pytest

from actors.rules.settings import DEFAULT
from actors.venue.receiving import decide_alerts_received
from protocol.chains import rfc3339
from protocol.domain_limits import INCIDENT_RECEIVERS_MAX
from protocol.internal.receipts import AlertsReceived, Receipt
from protocol.operations.safety import SosAction
from protocol.records.safety import Incident
from protocol.records.states import BroadcastAudience, BroadcastKind, IncidentStatus, Severity
from protocol.records.venues import Broadcast
from protocol.replies.base import Done
from tests.actors.deciding import filled
from tests.actors.venue.emergencies import (
    MANAGER,
    OTHER,
    PROFILE,
    RAISER,
    RESPONDER,
    SECOND,
    VENUE,
    VENUE_ID,
    Devices,
    alert_in,
    id_at,
    told,
)


def test_who_received_it_and_when_is_a_line_of_the_timeline() -> None:
    """One line for all who spoke at once, with the moment of each; nothing goes out for it."""
    night = Devices()
    night.press()
    night.now += SECOND
    first = night.now
    outcome = night.receive(OTHER, RESPONDER)
    incident, (_, line) = night.the_incident(), night.lines
    assert (incident.received_by, incident.received_at) == ((OTHER, RESPONDER), first)
    assert (line.seq, line.kind, line.by_user) == (2, "received", None)
    assert line.detail == {"by": {str(OTHER): rfc3339(first), str(RESPONDER): rfc3339(first)}}
    assert (outcome.reply, outcome.events, outcome.sends) == (Done(), (), ())
    night.now += SECOND
    night.receive(MANAGER)
    assert night.the_incident().received_by == (OTHER, RESPONDER, MANAGER)
    assert night.the_incident().received_at == first
    assert [line.seq for line in night.lines] == [1, 2, 3]


def test_two_devices_of_one_person_are_one_receipt() -> None:
    """The sooner counts, in one batch as in two; a second batch of theirs writes nothing."""
    night = Devices()
    night.press()
    late, soon = night.now + 2 * SECOND, night.now + SECOND
    id_ = night.the_incident().id
    command = AlertsReceived(
        receipts=(
            Receipt(alert_id=id_, user_id=OTHER, at=late),
            Receipt(alert_id=id_, user_id=OTHER, at=soon),
        )
    )
    night.take(decide_alerts_received(night.state, command, night.context(None)))
    assert night.the_incident().received_at == soon
    assert not night.receive(OTHER).writes
    assert night.the_incident().version == 2


def test_the_raiser_s_own_devices_are_no_receipt() -> None:
    """That the phone in the hand of who is in danger shows the call means that nobody knows."""
    night = Devices()
    night.press()
    assert not night.receive(RAISER).writes
    assert night.receive(RAISER, OTHER).writes
    assert night.the_incident().received_by == (OTHER,)


def test_a_receipt_of_what_is_not_here_or_over_changes_nothing() -> None:
    """The urgent copy of a press that the journal lost has an id that no venue ever knew."""
    night = Devices()
    night.press()
    assert night.receive(OTHER, of=UUID(int=7)).reply == Done()
    assert not night.receive(OTHER, of=UUID(int=7)).writes
    night.respond(MANAGER, SosAction.RESOLVE, night.the_incident().id)
    assert not night.receive(OTHER).writes


def test_receipts_of_one_incident_are_bounded() -> None:
    """More people than any house has at work would only make its row long."""
    night = Devices()
    night.press()
    night.receive(*(UUID(int=0xF000 + n) for n in range(INCIDENT_RECEIVERS_MAX + 5)))
    assert len(night.the_incident().received_by) == INCIDENT_RECEIVERS_MAX
    assert not night.receive(OTHER).writes


def test_what_nobody_received_gets_louder_at_once_and_later_tiers_keep_their_times() -> None:
    """Nobody can acknowledge what nobody received; the later tiers come as the table says.

    Rule 8 unheard.
    """
    night = Devices()
    start = night.now
    night.press()
    night.now += 10 * SECOND
    outcome = night.unheard()
    assert outcome.reply == Done()
    data = told(outcome)
    assert (data["tier"], data["status"], data["unacknowledged_for_s"]) == (1, "notifying", 10)
    assert {"sms", "voice"} <= set(data["channels"])
    assert alert_in(outcome).reason == "unheard"
    assert night.lines[-1].kind == "unheard"
    fired = night.wait(175)
    assert [((at - start) // SECOND, told(o)["tier"]) for at, o in fired] == [(90, 2), (180, 3)]


@pytest.mark.parametrize("severity", Severity)
def test_each_severity_is_louder_as_soon_as_nobody_has_it(severity: Severity) -> None:
    """A call for help is heard by two, so it matters most that they have it."""
    night = Devices()
    night.press(severity=severity)
    night.now += 10 * SECOND
    assert told(night.unheard())["tier"] == 1


def test_a_receipt_puts_off_no_tier() -> None:
    """To have it on the screen is not to come: the table holds as if nobody had it.

    Rule 8 received.
    """
    night = Devices()
    start = night.now
    night.press()
    night.receive(OTHER, RESPONDER, MANAGER)
    fired = night.wait(200)
    assert [((at - start) // SECOND, told(o)["tier"]) for at, o in fired] == [
        (30, 1), (90, 2), (180, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("received_by", [OTHER, MANAGER])
def test_it_is_not_unheard_once_somebody_has_it(received_by: UUID) -> None:
    """The gateway's word and a receipt may cross on their way."""
    night = Devices()
    night.press()
    night.receive(received_by)
    night.now += 10 * SECOND
    assert not night.unheard().writes


def test_it_is_not_unheard_before_its_time_or_twice_or_after_an_answer() -> None:
    """Ten seconds from the last press; then once, and only while nobody acknowledged."""
    night = Devices()
    night.press()
    night.now += 5 * SECOND
    night.press()
    night.now += 9 * SECOND
    assert not night.unheard().writes
    night.now += SECOND
    assert night.unheard().writes
    assert not night.unheard().writes
    answered = Devices()
    answered.press()
    answered.respond(RESPONDER, SosAction.ACKNOWLEDGE, answered.the_incident().id)
    answered.now += 10 * SECOND
    assert not answered.unheard().writes
    assert not answered.unheard(of=UUID(int=9)).writes


def test_a_venue_may_have_it_louder_sooner() -> None:
    """Settings shorten, and none lengthens: that is the floor. Rule 8 shorter_only."""
    night = Devices()
    quicker = attrs.evolve(PROFILE, settings=attrs.evolve(DEFAULT, sos_unheard_s=3))
    night.press()
    night.now += 3 * SECOND
    assert not night.unheard().writes
    assert night.unheard(shared={VENUE: quicker}).writes


def test_the_late_press_of_an_incident_that_was_opened_again_counts_its_raiser_out() -> None:
    """Who raised it was not known when their own phone said that it has it."""
    night = Devices()
    lost = id_at(night.now)
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, lost)
    night.receive(RAISER, of=lost)
    night.press(RAISER, incident_id=lost, in_saga=False)
    back = night.incident(lost).revised(
        status=IncidentStatus.NOTIFYING, owner_id=None, next_tier=1,
        next_tier_at=night.now + 30 * SECOND,
    )  # fmt: skip
    night.state.put(back)
    night.now += 10 * SECOND
    assert night.unheard(of=lost).writes


def test_each_person_s_receipt_of_a_broadcast_counts_once() -> None:
    """However many devices somebody has; and whoever told it may be among them."""
    night = Devices()
    sent = Broadcast(
        id=UUID(int=0xBC), venue_id=VENUE_ID, kind=BroadcastKind.EVACUATE, message="Leave",
        audience=BroadcastAudience.EVERYONE, by_user=MANAGER, at=night.now, sent=4,
    )  # fmt: skip
    filled(night.state, [sent])
    night.press()
    night.receive(OTHER, OTHER, RESPONDER, of=sent.id)
    night.receive(OTHER, of=sent.id, at=night.now + timedelta(minutes=1))
    seen = night.state.one(Broadcast)
    assert (seen.acked, seen.acked_by, seen.version) == (2, (OTHER, RESPONDER), 2)
    assert night.state.one(Incident).received_by == ()
