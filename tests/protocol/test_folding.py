"""The fold: its table against the events of the contract, and the laws that resume rests on."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import render_json
from protocol.domain_limits import VIEW_DAYS_MAX, VIEW_NEWEST_MAX
from protocol.entries import RoomEvent
from protocol.events import EVENTS
from protocol.folding import RoomView, fold_event, table_as_json, view_from_json
from protocol.folding_steps import How
from protocol.folding_table import FOLD, NOT_KEPT, SECTIONS
from tests.protocol.random_events import (
    DURABLE,
    IDS,
    NOON,
    STAFF_ROOM,
    USER_ROOM,
    VENUE,
    events,
    members_of,
)

ENVELOPE = {"$at", "$venue_id"}
CALLS = [name for name in sorted(DURABLE) if name.startswith(("emergency.", "session."))]


def told(type_: str, room: str = STAFF_ROOM, **data: Any) -> RoomEvent:
    return RoomEvent(
        id=IDS[0], type=type_, venue_id=VENUE, occurred_at=NOON, data=data, rooms=((room, 1),)
    )


def folded(*happened: RoomEvent, room: str = STAFF_ROOM) -> RoomView:
    view = RoomView()
    for event in happened:
        view = view.after(event, room)
    return view


def again(view: RoomView) -> RoomView:
    """A view as it comes back from where it is kept, or as a client read it."""
    return view_from_json(json.loads(render_json(view.as_json())))


def test_every_durable_event_has_a_row_and_no_other_has() -> None:
    """An event without one would be lost to everybody who was away."""
    assert set(FOLD) | set(NOT_KEPT) == set(DURABLE)
    assert not set(FOLD) & set(NOT_KEPT)


@pytest.mark.parametrize("name", sorted(FOLD))
def test_steps_name_what_their_events_have(name: str) -> None:
    """A name that is nowhere would stop the node at the first event of this type."""
    members = members_of(EVENTS[name]) | ENVELOPE
    for step in FOLD[name]:
        within = {part[1:-1] for part in step.within if part.startswith("{")}
        named = {*step.key, *step.take.values(), *step.when, *step.unless, *within}
        assert named <= members, name
        assert step.section in SECTIONS
        assert (SECTIONS[step.section] is not None) == bool(step.key)
        assert step.how is How.ADD or step.how is How.REMOVE or step.whole or step.take


def test_every_section_is_filled_by_some_event() -> None:
    """A section that nobody fills is a promise to clients that nobody keeps."""
    filled = {s.section for steps in FOLD.values() for s in steps if s.how is not How.REMOVE}
    assert filled == set(SECTIONS)


def test_the_table_is_plain_json() -> None:
    """Clients are given it as it is, and run it in their own language."""
    table = table_as_json()
    assert json.loads(json.dumps(table)) == table


@given(st.sampled_from([STAFF_ROOM, USER_ROOM]), st.data())
@settings(max_examples=150)
def test_a_snapshot_and_what_came_after_it_is_the_view_now(room: str, data: Any) -> None:
    """The law of resume, for any events and any place to be cut off at.

    Rule 17 resume.
    """
    happened = data.draw(st.lists(events(room), max_size=30))
    cut = data.draw(st.integers(0, len(happened)))
    now = folded(*happened, room=room)
    resumed = again(folded(*happened[:cut], room=room))
    for event in happened[cut:]:
        resumed = resumed.after(event, room)
    assert resumed == again(now) == now
    assert render_json(resumed.as_json()) == render_json(now.as_json())


@given(st.lists(events(types=CALLS), max_size=30), st.integers(0, 30), st.sampled_from(IDS))
@settings(max_examples=150)
def test_whoever_an_event_is_hidden_from_sees_a_view_without_it(
    happened: list[RoomEvent], cut: int, who: Any
) -> None:
    """Rule 8: live, resumed or from a snapshot, a silent call shows the raiser nothing."""
    seen: Any = {}
    for event in happened:
        if event.hide_from != who:
            seen = fold_event(seen, event, STAFF_ROOM)
    assert folded(*happened).of(who) == seen
    resumed = again(folded(*happened[:cut]))
    mine: Any = resumed.of(who)
    for event in happened[cut:]:
        if event.hide_from != who:
            mine = fold_event(mine, event, STAFF_ROOM)
    assert mine == seen


def test_once_a_hidden_call_is_over_nobody_has_a_view_of_their_own() -> None:
    """Views that differ are kept twice; they must not pile up over the years."""
    mine = IDS[1]
    raised = attrs.evolve(
        told("emergency.sos_raised", incident_id="i", severity="high"), hide_from=mine
    )
    resolved = attrs.evolve(told("emergency.sos_resolved", incident_id="i"), hide_from=mine)
    view = folded(raised)
    assert "incidents" in view.shown
    assert view.of(mine) == {}
    assert folded(raised, resolved) == RoomView()


def test_a_visit_comes_changes_and_leaves() -> None:
    """The floor of a venue as its staff see it."""
    came = told("session.checked_in", session_id="s", user_id="u", zone=None)
    paused = told(
        "session.status_changed", session_id="s", **{"from": "active"}, to="paused",
        reason="break", effective_at="t", deadline_at="d",
    )  # fmt: skip
    limit = told(
        "session.limit_reached", session_id="s", kind="time", limit=60, used=48, percent=80,
        action="warn",
    )  # fmt: skip
    left = told("session.checked_out", session_id="s", receipt_id="r")
    view = folded(came, paused, limit)
    assert view.shown["sessions"]["s"] == {
        "session_id": "s", "user_id": "u", "zone": None, "status": "paused", "reason": "break",
        "status_since": "t", "deadline_at": "d",
        "limits": {"time": {"limit": 60, "used": 48, "percent": 80, "action": "warn"}},
    }  # fmt: skip
    assert folded(came, paused, left).shown == {}
    assert folded(paused).shown == {}, "of a visit that nobody saw come, nothing is half known"
    assert folded(came, left, room=USER_ROOM).shown == {"last_visit": left.data}


def test_a_task_passed_on_leaves_whoever_had_it_and_shows_who_has_it() -> None:
    """Management sees who has it now; the one before must not go on working at it."""
    mine = told("task.assigned", task_id="t", title="Wipe", assignee_id="a")
    begun = told("task.status_changed", task_id="t", to="in_progress", at="1", version=2)
    passed = told("task.status_changed", task_id="t", to="open", at="2", version=3)
    theirs = told("task.assigned", task_id="t", title="Wipe", assignee_id="b")
    assert folded(mine, begun).shown["tasks"]["t"]["status"] == "in_progress"
    assert folded(mine, begun, passed, room=USER_ROOM).shown == {}
    task = folded(mine, begun, passed, theirs).shown["tasks"]["t"]
    assert (task["status"], task["assignee_id"]) == ("open", "b")
    taken = told("task.status_changed", task_id="t", to="accepted", at="1", version=2)
    assert folded(taken, theirs, room=USER_ROOM).shown["tasks"]["t"]["status"] == "accepted"


def test_only_the_all_clear_ends_an_evacuation() -> None:
    """A word about the weather must not tell people to come back in."""
    out = told("emergency.broadcast", kind="evacuate", message="out")
    news = told("emergency.broadcast", kind="info", message="rain")
    clear = told("emergency.broadcast", kind="all_clear", message="in")
    assert folded(out, news).shown == {"broadcast": out.data, "notice": news.data}
    assert folded(out, news, clear).shown == {"notice": clear.data}


def test_a_question_gives_way_to_the_next_and_none_outlives_its_visit() -> None:
    """No event tells of an answer, so a question must not stand there until others push it out."""

    def asked(n: int, kind: str, session: int = 0) -> RoomEvent:
        return told(
            "safety.verification_requested", USER_ROOM, check_id=f"c{n}", kind=kind,
            session_id=f"s{session}", answer_by=NOON,
        )  # fmt: skip

    happened = [asked(1, "wellbeing"), asked(2, "break_reminder"), asked(3, "reaction")]
    view = folded(*happened, room=USER_ROOM).shown
    assert [check["check_id"] for check in view["checks"].values()] == ["c3"]
    assert view["reminder"]["check_id"] == "c2"
    for over in (
        told("session.checked_out", USER_ROOM, session_id="s0"),
        told("session.voided", USER_ROOM, session_id="s0"),
        told("session.status_changed", USER_ROOM, session_id="s0", to="closed"),
    ):
        left = folded(*happened, asked(4, "wellbeing", 5), over, room=USER_ROOM).shown
        assert [*left["checks"]] == ["s5"]
        assert "reminder" not in left


def test_days_are_added_up_and_the_oldest_goes() -> None:
    """An owner who was away sees the takings; sums of years are asked of the books."""
    days = [
        told("transaction.posted", transaction_id=f"t{n}", business_day=f"2026-01-0{day}",
             kind="purchase", amount_minor=100, tax_minor=9)
        for n, day in enumerate((1, 2, 2, 3))
    ]  # fmt: skip
    view = folded(*days).shown
    assert list(view["days"]) == ["2026-01-02", "2026-01-03"]
    assert len(view["days"]) == VIEW_DAYS_MAX
    assert view["days"]["2026-01-02"] == {
        "purchase": {"count": 2, "amount_minor": 200, "tax_minor": 18}
    }


def test_what_only_comes_is_bounded() -> None:
    """A year of notices must not make a snapshot that no telephone takes."""
    notices = [
        told("system.notification", notification_id=f"n{n}", kind="k")
        for n in range(VIEW_NEWEST_MAX + 7)
    ]
    kept = folded(*notices).shown["notifications"]
    assert list(kept) == [f"n{n}" for n in range(7, VIEW_NEWEST_MAX + 7)]
    assert kept["n7"]["at"] == "2026-01-01T12:00:00.000Z"


def test_an_event_of_a_later_release_changes_nothing() -> None:
    """Clients of today must live through it; so does the node that reads it back."""
    assert folded(told("venue.painted", colour="red")) == RoomView()
