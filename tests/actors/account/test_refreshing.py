"""Staying signed in: rotation, lost answers, and copies (Rule 16)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.account.signing_in import decide_refresh
from actors.rules.credentials import digest_of_refresh
from actors.runtime.outcome import Outcome
from protocol.errors import Code
from protocol.records.states import RoleName, UserStatus
from tests.actors.account.people import (
    ACCOUNT,
    FAMILY,
    OTHER_FAMILY,
    VENUE,
    a_family,
    a_push,
    a_refresh,
    a_user,
    an_account,
    changed_families,
    due,
    revocations,
)
from tests.actors.deciding import NOW, a_context, accepted, after, refused, refused_with

SECOND = timedelta(seconds=1)


def test_a_refresh_rotates_and_tells_the_roles_of_now() -> None:
    """Rule 16: rotated, stored hashed, the predecessor kept; roles are those of the moment."""
    user = a_user(role_grants={str(VENUE): RoleName.STAFF}, token_version=4)
    family = a_family(elevated_until=NOW + SECOND)
    outcome = accepted(decide_refresh(an_account(user, family), a_refresh(0), a_context(ACCOUNT)))
    (rotated,) = changed_families(outcome)
    assert (rotated.generation, rotated.rotated_at, rotated.version) == (1, NOW, 2)
    assert rotated.prev_token_hash == family.token_hash
    assert rotated.token_hash == digest_of_refresh(FAMILY, 1)
    assert rotated.expires_at == NOW + timedelta(days=7)
    assert (rotated.ip, rotated.user_agent) == ("192.0.2.8", "app/2")
    told = due(outcome.reply)
    assert (told.generation, told.token_version) == (1, 4)
    assert told.role_grants == {str(VENUE): "staff"}
    assert told.elevated_until is None, "a refresh elevates nobody"


@pytest.mark.parametrize("later", [timedelta(0), 10 * SECOND])
def test_the_predecessor_gets_the_same_successor_for_ten_seconds(later: timedelta) -> None:
    """An answer may be lost on its way; the client can only show the old token again."""
    state = an_account(a_user(), a_family())
    after(state, accepted(decide_refresh(state, a_refresh(0), a_context(ACCOUNT))))
    again = accepted(decide_refresh(state, a_refresh(0), a_context(ACCOUNT, now=NOW + later)))
    assert not again.writes
    assert due(again.reply).generation == 1


def test_a_later_replay_ends_the_family_and_only_it() -> None:
    """Somebody copied the token, and nobody can say who; the other devices are not concerned."""
    family, other = a_family(generation=1, rotated_at=NOW - 10.001 * SECOND), a_family(OTHER_FAMILY)
    state = an_account(a_user(), family, other, a_push(family), a_push(other))
    decision = decide_refresh(state, a_refresh(0), a_context(ACCOUNT))
    assert refused_with(decision) is Code.REFRESH_REUSED
    assert isinstance(decision, Outcome)
    (ended,) = changed_families(decision)
    assert (ended.id, ended.revoked_at, ended.revoke_reason) == (FAMILY, NOW, "reuse_detected")
    assert revocations(decision) == [(str(FAMILY), "reuse_detected")]
    assert decision.removes == (a_push(family),)
    after(state, decision)
    for n in range(3):
        refusal = refused_with(decide_refresh(state, a_refresh(n), a_context(ACCOUNT)))
        assert refusal is Code.REFRESH_INVALID
    accepted(decide_refresh(state, a_refresh(0, OTHER_FAMILY), a_context(ACCOUNT)))


def test_an_older_one_than_the_predecessor_ends_the_family_at_once() -> None:
    """Ten seconds are for lost answers; of two rotations back none can be lost."""
    state = an_account(a_user(), a_family(generation=2, rotated_at=NOW))
    assert (
        refused_with(decide_refresh(state, a_refresh(0), a_context(ACCOUNT))) is Code.REFRESH_REUSED
    )


@pytest.mark.parametrize(
    "records",
    [
        (a_user(),),
        (a_user(), a_family(revoked_at=NOW - SECOND)),
        (a_user(), a_family(expires_at=NOW)),
        (a_user(status=UserStatus.SUSPENDED), a_family()),
        (a_family(),),
    ],
)
def test_a_family_that_ended_gets_no_tokens(records: Any) -> None:
    """Unknown, revoked, over, suspended: one answer, and nothing is written."""
    refusal = refused(decide_refresh(an_account(*records), a_refresh(0), a_context(ACCOUNT)))
    assert refusal.code is Code.REFRESH_INVALID


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 25_000)), min_size=1, max_size=25),
)
def test_whatever_is_replayed_there_are_never_two_live_successors(
    shown: list[tuple[int, int]],
) -> None:
    """The law of rotation: what is given is the latest or nothing, and after a copy nothing.

    Of all tokens given out so far, those that still lead on are the latest and, for ten seconds,
    its predecessor, which leads to the very same.
    """
    state = an_account(a_user(), a_family())
    now, latest, dead = NOW, 0, False
    given_out = {0}
    for back, wait_ms in shown:
        now += timedelta(milliseconds=wait_ms)
        n = max(0, latest - back)
        decision = decide_refresh(state, a_refresh(n), a_context(ACCOUNT, now=now))
        reply = decision.reply if isinstance(decision, Outcome) else decision
        if isinstance(decision, Outcome):
            after(state, decision)
        if dead:
            assert refused_with(decision) is Code.REFRESH_INVALID
        elif n == latest:
            assert due(reply).generation == latest + 1
            latest += 1
            assert latest not in given_out, "a successor is made once"
            given_out.add(latest)
        elif isinstance(decision, Outcome) and not decision.writes:
            assert (n, due(reply).generation) == (latest - 1, latest)
        else:
            assert refused_with(decision) is Code.REFRESH_REUSED
            dead = True
    live = [n for n in given_out if _leads_to_another(state, n, latest, now)]
    assert live == ([] if dead else [latest])


def _leads_to_another(state: Any, n: int, latest: int, now: Any) -> bool:
    """Whether showing the n-th token would give one that nobody has yet."""
    decision = decide_refresh(state, a_refresh(n), a_context(ACCOUNT, now=now))
    reply = decision.reply if isinstance(decision, Outcome) else decision
    return getattr(reply, "generation", latest) > latest
