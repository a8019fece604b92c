"""Rule 8: of a silent call nothing shows on its raiser's devices, and force does not end it."""

from __future__ import annotations

import pytest

from protocol.operations.safety import SosAction
from protocol.records.states import IncidentStatus
from protocol.replies.safety import IncidentReply
from tests.actors.deciding import refused
from tests.actors.venue.emergencies import (
    MANAGER,
    RAISER,
    RESPONDER,
    Night,
    alert_in,
    pressed,
    rooms,
    told,
)


def test_a_silent_call_shows_nothing_to_its_raiser() -> None:
    """Whoever stands behind the raiser must see nothing, by whatever way."""
    night = Night()
    outcome = night.press(silent=True)
    assert outcome.events[0].hide_from == RAISER
    alert = alert_in(outcome)
    assert alert.hide_from == RAISER
    assert all(RAISER not in group.user_ids for group in alert.groups)
    ((_, escalated),) = night.wait(30)
    assert escalated.events[0].hide_from == RAISER


def test_a_call_that_was_silent_once_stays_silent() -> None:
    """An open press after a silent one may be made under force; a silent one later hides more."""
    for first, second in ((True, False), (False, True)):
        night = Night()
        night.press(silent=first)
        assert night.press(silent=second).events[0].hide_from == RAISER
        assert night.the_incident().silent


@pytest.mark.parametrize("action", [SosAction.RESOLVE, SosAction.FALSE_ALARM])
def test_a_silent_call_is_not_taken_back_by_whoever_raised_it(action: SosAction) -> None:
    """A cancel under duress does not cancel, and to whoever forces it, it looks as if it did.

    Rule 8 duress.
    """
    night, id_ = pressed(user_id=MANAGER, silent=True)
    before = night.timers.copy()
    outcome = night.respond(MANAGER, action, id_)
    reply = outcome.reply
    assert isinstance(reply, IncidentReply)
    assert reply.status.value == {"resolve": "resolved"}.get(action.value, action.value)
    assert reply.closed_at == night.now
    assert outcome.events == ()
    assert night.the_incident().status is IncidentStatus.NOTIFYING
    assert reply.version == night.the_incident().version
    assert night.timers == before
    assert night.lines[-1].kind == "cancel_not_heeded"
    assert [told(o)["tier"] for _, o in night.wait(20)] == [1]


def test_whoever_raised_a_silent_call_and_could_not_end_it_is_told_so_as_ever() -> None:
    """An answer that only silent calls get would give them away."""
    night, id_ = pressed(silent=True)
    open_night, open_id = pressed()
    for action in SosAction:
        silent = refused(night.respond(RAISER, action, id_))
        assert silent.code is refused(open_night.respond(RAISER, action, open_id)).code


def test_of_a_silent_call_nothing_goes_to_its_raiser() -> None:
    """Not to their room, and to their connections an empty event."""
    night, id_ = pressed(silent=True)
    for by, action in (
        (RESPONDER, SosAction.ACKNOWLEDGE),
        (RESPONDER, SosAction.NEED_BACKUP),
        (RESPONDER, SosAction.ON_SCENE),
        (RESPONDER, SosAction.RESOLVE),
    ):
        outcome = night.respond(by, action, id_)
        assert rooms(outcome) == set()
        assert outcome.events[0].hide_from == RAISER
