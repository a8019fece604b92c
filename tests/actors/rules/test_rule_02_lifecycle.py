"""Rule 2 and the other lives: each pair of a state and a trigger is decided, and as written."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from actors.rules import lifecycle
from actors.rules.lifecycle import (
    PAYMENT,
    PAYMENT_RANK,
    SESSION,
    PaymentReport,
    SessionTrigger,
    judge_payment_report,
    refuse_transition,
    transition,
)
from actors.rules.session_conditions import (
    deadline_of,
    is_metered,
    refuse_end_of_cooling,
    refuse_pause,
    refuse_session_step,
    refuse_void,
)
from actors.rules.settings import DEFAULT
from protocol.errors import Code
from protocol.records.money_states import (
    HoldStatus,
    PaymentStatus,
    TillStatus,
    TransactionStatus,
)
from protocol.records.states import (
    OPEN_SESSION,
    Activity,
    IncidentStatus,
    SessionStatus,
    ShiftStatus,
)

NOW = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
A_SESSION = UUID(int=7)

# One line a state: trigger>next. What is not here is refused.
GRIDS: Mapping[str, tuple[type[enum.StrEnum], type[enum.StrEnum], str]] = {
    "SESSION": (
        SessionStatus,
        SessionTrigger,
        """
        active: pause>paused exhaust>paused reach_limit>paused leave_fence>auto_paused
        active: cool>cooling void>voided
        active: check_out>closing force_check_out>closing end>closing
        paused: resume>active cool>cooling void>voided
        paused: check_out>closing force_check_out>closing end>closing
        auto_paused: enter_fence>active resume>active cool>cooling void>voided
        auto_paused: check_out>closing force_check_out>closing end>closing
        cooling: end_cooling>active check_out>closing force_check_out>closing end>closing
        closing: settle>closed
        """,
    ),
    "INCIDENT": (
        IncidentStatus,
        lifecycle.IncidentTrigger,
        """
        raised: notify>notifying join>raised acknowledge>acknowledged
        raised: resolve>resolved false_alarm>false_alarm
        notifying: escalate>notifying exhaust>exhausted join>notifying acknowledge>acknowledged
        notifying: resolve>resolved false_alarm>false_alarm
        exhausted: exhaust>exhausted join>exhausted acknowledge>acknowledged
        exhausted: resolve>resolved false_alarm>false_alarm
        acknowledged: idle>notifying on_scene>on_scene join>acknowledged
        acknowledged: need_backup>acknowledged resolve>resolved false_alarm>false_alarm
        on_scene: join>on_scene need_backup>on_scene resolve>resolved false_alarm>false_alarm
        """,
    ),
    "TILL": (
        TillStatus,
        lifecycle.TillTrigger,
        "open: count>ended cutover>ended\n ended: count>ended close>closed",
    ),
    "SHIFT": (
        ShiftStatus,
        lifecycle.ShiftTrigger,
        """
        open: start_break>on_break clock_out>ended cutover>needs_review
        on_break: end_break>open clock_out>ended cutover>needs_review
        needs_review: review>ended
        """,
    ),
    "HOLD": (
        HoldStatus,
        lifecycle.HoldTrigger,
        "open: capture>captured release>released expire>expired",
    ),
    "TRANSACTION": (
        TransactionStatus,
        lifecycle.TransactionTrigger,
        "pending: post>posted void>voided\n posted: void>voided",
    ),
}


def steps_of(grid: str) -> dict[tuple[str, str], str]:
    found = {}
    for line in grid.strip().splitlines():
        state, _, steps = line.strip().partition(": ")
        for step in steps.split():
            trigger, _, after = step.partition(">")
            found[state, trigger] = after
    return found


@pytest.mark.parametrize("name", GRIDS)
def test_every_pair_of_state_and_trigger_goes_where_the_rules_say(name: str) -> None:
    """A pair nobody thought of is how a closed session comes back to life. Rule 2 states."""
    states, triggers, grid = GRIDS[name]
    table = getattr(lifecycle, name)
    expected = steps_of(grid)
    for state in states:
        for trigger in triggers:
            after = transition(table, state, trigger)
            assert after == expected.get((state, trigger)), (state, trigger)
            refusal = refuse_transition(table, state, trigger, whose="it")
            assert (refusal is None) == (after is not None)
            if refusal is not None:
                assert refusal.code is Code.INVALID_TRANSITION
                assert state.value in refusal.detail


def test_what_has_ended_stays_ended() -> None:
    """Rule 2: terminal states have no way out, and closing only one."""
    for terminal in (SessionStatus.CLOSED, SessionStatus.VOIDED):
        assert not [pair for pair in SESSION if pair[0] is terminal]
    assert [SESSION[pair] for pair in SESSION if pair[0] is SessionStatus.CLOSING] == ["closed"]


def test_each_open_session_can_end() -> None:
    """A state without a way to the end would hold a patron's money for ever."""
    ends = {SessionStatus.CLOSED, SessionStatus.VOIDED}
    for start in OPEN_SESSION:
        reached, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            after = {SESSION[pair] for pair in SESSION if pair[0] is here} - reached
            reached |= after
            waiting.extend(after)
        assert reached & ends, start


@pytest.mark.parametrize(
    ("status", "trigger", "code"),
    [
        (SessionStatus.VOIDED, SessionTrigger.CHECK_OUT, Code.SESSION_VOIDED),
        (SessionStatus.CLOSED, SessionTrigger.FORCE_CHECK_OUT, Code.SESSION_CLOSED),
        (SessionStatus.CLOSED, SessionTrigger.VOID, Code.SESSION_NOT_VOIDABLE),
        (SessionStatus.COOLING, SessionTrigger.VOID, Code.SESSION_NOT_VOIDABLE),
        (SessionStatus.COOLING, SessionTrigger.RESUME, Code.SAFETY_HOLD_ACTIVE),
        (SessionStatus.ACTIVE, SessionTrigger.RESUME, Code.INVALID_TRANSITION),
        (SessionStatus.ACTIVE, SessionTrigger.PAUSE, None),
    ],
)
def test_a_refused_step_has_the_code_of_its_endpoint(
    status: SessionStatus, trigger: SessionTrigger, code: Code | None
) -> None:
    """The app shows a different screen for each of these."""
    refusal = refuse_session_step(status, trigger, session_id=A_SESSION)
    assert (refusal.code if refusal else None) is code


def test_the_seventh_pause_is_refused() -> None:
    """Rule 2: at most 6 pauses. Rule 2 pauses."""
    lounge = Activity.LOUNGE
    assert refuse_pause(activity=lounge, pauses_count=5, settings=DEFAULT) is None
    refusal = refuse_pause(activity=lounge, pauses_count=6, settings=DEFAULT)
    assert refusal is not None
    assert refusal.code is Code.PAUSE_QUOTA_USED


@pytest.mark.parametrize("activity", Activity)
def test_a_booking_is_not_pausable_and_metered_until_it_ends(activity: Activity) -> None:
    """Rule 2: room and table keep their place, so their time goes on outside `active`.

    Rule 2 pauses.
    """
    booked = activity in {Activity.KARAOKE_ROOM, Activity.TABLE}
    refusal = refuse_pause(activity=activity, pauses_count=0, settings=DEFAULT)
    assert (refusal is not None) is booked
    assert is_metered(SessionStatus.ACTIVE, activity)
    assert is_metered(SessionStatus.COOLING, activity) is booked
    assert not is_metered(SessionStatus.CLOSING, activity)


def test_a_session_is_voidable_for_ten_minutes_and_before_any_purchase() -> None:
    """Rule 2: the last line of its table. Rule 2 voiding."""
    start = NOW - timedelta(minutes=10)
    assert refuse_void(started_at=start, now=NOW, purchases_count=0) is None
    older = start - timedelta(milliseconds=1)
    for refusal in (
        refuse_void(started_at=older, now=NOW, purchases_count=0),
        refuse_void(started_at=start, now=NOW, purchases_count=1),
    ):
        assert refusal is not None
        assert refusal.code is Code.SESSION_NOT_VOIDABLE


@pytest.mark.parametrize(
    ("minutes", "answered_ok", "ends"), [(20, True, True), (19, True, False), (20, False, False)]
)
def test_cooling_ends_by_itself_only_with_both_time_and_answer(
    minutes: int, answered_ok: bool, ends: bool
) -> None:
    """Rule 2: an answer alone is not soberness, and time alone is not an answer. Rule 2 cooling."""
    refusal = refuse_end_of_cooling(
        cooling_since=NOW - timedelta(minutes=minutes),
        now=NOW,
        answered_ok=answered_ok,
        settings=DEFAULT,
    )
    assert (refusal is None) is ends


@pytest.mark.parametrize(
    ("status", "exhausted", "minutes"),
    [
        (SessionStatus.PAUSED, False, 45),
        (SessionStatus.PAUSED, True, 10),
        (SessionStatus.AUTO_PAUSED, False, 30),
        (SessionStatus.ACTIVE, False, None),
        (SessionStatus.COOLING, False, None),
        (SessionStatus.CLOSING, False, None),
    ],
)
def test_timers_are_those_of_the_rules(
    status: SessionStatus, exhausted: bool, minutes: int | None
) -> None:
    """Rule 2: 45, 30 and 10 minutes; the other states wait for someone. Rule 2 timers."""
    deadline = deadline_of(status, since=NOW, exhausted=exhausted, settings=DEFAULT)
    assert deadline == (None if minutes is None else NOW + timedelta(minutes=minutes))


def test_no_report_ever_moves_a_payment_to_a_lower_rank() -> None:
    """Rule 11: events come twice and in any order, and money must not flicker. Rule 11 ranks."""
    for current in PaymentStatus:
        for reported in PaymentStatus:
            verdict = judge_payment_report(current, reported)
            if PAYMENT_RANK[reported] < PAYMENT_RANK[current]:
                assert verdict is not PaymentReport.APPLY
            if reported is current:
                assert verdict is not PaymentReport.APPLY
        for after in PAYMENT[current]:
            assert judge_payment_report(current, after) is PaymentReport.APPLY


def test_a_failure_after_success_is_for_the_owner_to_see() -> None:
    """Rule 11: no automatic claw-back. Rule 11 late_failure."""
    verdict = judge_payment_report(PaymentStatus.SUCCEEDED, PaymentStatus.FAILED)
    assert verdict is PaymentReport.LATE_FAILURE


def test_a_payment_waiting_for_action_may_go_back_and_forth() -> None:
    """Rule 11: requires_action and processing alternate; both have one rank."""
    there = judge_payment_report(PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)
    back = judge_payment_report(PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION)
    assert there is back is PaymentReport.APPLY
