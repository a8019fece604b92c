"""The law of Rule 12: what is told late costs what it would have cost had it been told in time."""

from __future__ import annotations

from datetime import datetime

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession
from protocol.records.states import SessionStatus
from tests.actors.session.late_kit import late
from tests.actors.session.test_with_the_account import RealWallet, a_guest
from tests.actors.session.visit_kit import MINUTE, MS, OWN, Visit
from tests.actors.session.visit_opening import START

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""To make an example smaller takes minutes, as each is two whole visits."""
KINDS = {"pause": PauseSession, "resume": ResumeSession, "out": CheckOut}

spells = st.lists(st.integers(1, 40 * 60_000), min_size=1, max_size=7)
"""Milliseconds from one thing that a device did to the next: going, resting, going…"""


def things_done(lengths: list[int], *, ends: bool) -> list[tuple[datetime, str]]:
    """Pauses and resumes in turn, and at last a check-out if the device was offline until then."""
    at, done = START, []
    for n, length_ms in enumerate(lengths):
        at += length_ms * MS
        done.append((at, ("pause", "resume")[n % 2]))
    if ends:
        done[-1] = (done[-1][0], "out")
    return done


def in_time(funds: int, done: list[tuple[datetime, str]], until: datetime) -> RealWallet:
    """The visit as it goes when everything is heard when it is done."""
    visit, wallet = a_guest(funds)
    for at, kind in done:
        visit.go_to(at)
        visit.do(KINDS[kind](session_id=visit.id), OWN)
    finish(visit, until)
    return wallet


def finish(visit: Visit, until: datetime) -> None:
    """Go on until then, and check out if nobody has."""
    visit.go_to(until)
    visit.held_back = False
    visit.deliver()
    if visit.status is not SessionStatus.CLOSED:
        visit.do(CheckOut(session_id=visit.id), OWN)
    assert visit.status is SessionStatus.CLOSED


def is_over(visit: Visit) -> bool:
    """Whether the visit ended by itself meanwhile."""
    return visit.status in (SessionStatus.CLOSED, SessionStatus.CLOSING)


@settings(max_examples=25, deadline=None, phases=UNSHRUNK)
@given(
    lengths=spells,
    ends=st.booleans(),
    offline_minutes=st.integers(0, 120),
    after_minutes=st.integers(0, 30),
    told_before=st.integers(0, 7),
    odd_ticks=st.lists(st.integers(1, 90 * 60_000), max_size=4),
    slow=st.booleans(),
    funds=st.sampled_from((1_000, 2_000, 30_000)),
)
def test_what_is_told_late_costs_what_it_would_have_cost_in_time(
    lengths: list[int],
    ends: bool,
    offline_minutes: int,
    after_minutes: int,
    told_before: int,
    odd_ticks: list[int],
    slow: bool,
    funds: int,
) -> None:
    """Whenever ticks come, however slow the account is, whatever was charged meanwhile."""
    done = things_done(lengths, ends=ends)
    last = done[-1][0]
    told_at = last + offline_minutes * MINUTE
    until = told_at + after_minutes * MINUTE
    right = in_time(funds, done, until)

    visit, wallet = a_guest(funds)
    heard, lost = done[:told_before], done[told_before:]
    for at, kind in heard:
        visit.go_to(at)
        visit.do(KINDS[kind](session_id=visit.id), OWN)
    for tick_ms in odd_ticks:
        if visit.status is SessionStatus.ACTIVE:
            visit.go_to(min(visit.now + tick_ms * MS, told_at))
            visit.tick()
    visit.held_back = slow
    visit.go_to(told_at)
    if is_over(visit) and [kind for _, kind in lost] != ["out"]:
        # What is over stays over: a pause that comes after it is refused.
        return
    for at, kind in lost:
        late(visit, KINDS[kind](session_id=visit.id), at)
    finish(visit, until)
    assert wallet.paid_for_time == right.paid_for_time
    assert wallet.account.visit is None
    assert START <= visit.history.ended_at <= until
