"""Exclusions of an account: who may begin one, what follows, and how each kind ends (Rule 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.exclusions import decide_exclusion_over, decide_start_exclusion
from actors.account.state import AccountState
from actors.account.status import decide_apply_status
from actors.runtime.outcome import Decision, Outcome, SetTimer
from protocol.addresses import Principal, Role
from protocol.errors import Code
from protocol.internal.accounts import ApplyStatus, ExclusionOver, StatusApplied
from protocol.internal.metering import CloseVisit
from protocol.operations.exclusions import StartExclusion
from protocol.operations.people import SetUserStatus
from protocol.records.platform import AuditEntry
from protocol.records.safety import SafetyLog
from protocol.records.states import CheckOutCause, ExclusionKind, RoleName, UserStatus
from protocol.records.users import AuthSession, Exclusion, User, UserPreferences
from protocol.values import WishedStatus
from tests.actors.account.asking import a_visitor
from tests.actors.account.people import a_family
from tests.actors.account.wallets import (
    OTHER_VENUE,
    PATRON,
    STAFF,
    USER,
    VENUE,
    a_user,
    an_account,
    an_exclusion,
    here,
    rows_of,
    types_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused_with

DAY = timedelta(days=1)
MANAGER = a_principal(STAFF, Role.MANAGEMENT, VENUE)
OWNER = a_principal(STAFF, Role.OWNER, VENUE)
COOL_OFF = StartExclusion(kind=ExclusionKind.COOL_OFF, days=7)
SELF = StartExclusion(kind=ExclusionKind.SELF_EXCLUSION, months=6)


def a_ban(**changes: Any) -> StartExclusion:
    """A ban of this person from the venue, until it is lifted."""
    known: dict[str, Any] = {"venue_id": VENUE, "user_id": USER, "reason": "fight"}
    return StartExclusion(kind=ExclusionKind.VENUE_BAN, **(known | changes))


def begin(state: AccountState, command: StartExclusion, principal: Principal = PATRON) -> Decision:
    return decide_start_exclusion(state, command, here(principal=principal))


def set_status(
    state: AccountState,
    status: WishedStatus,
    principal: Principal = MANAGER,
    *,
    now: Any = NOW,
    version: int | None = None,
    **more: Any,
) -> Decision:
    request = SetUserStatus(user_id=USER, venue_id=VENUE, status=status, reason="why", **more)
    command = ApplyStatus(request=request, expected_version=version)
    return decide_apply_status(state, command, here(principal=principal, now=now))


def due_times(outcome: Outcome) -> list[datetime]:
    """When the timers are due that an outcome sets."""
    return [timer.due_at for timer in outcome.timers if isinstance(timer, SetTimer)]


def test_a_cool_off_begins_at_once_and_everyone_concerned_hears_of_it() -> None:
    """The visit closes, consent to offers ends, and the register says that it was, not why."""
    consent = UserPreferences(user_id=USER, marketing_consent_at=NOW)
    state = after(a_visitor(consent), accepted(begin(a_visitor(consent), COOL_OFF)))
    outcome = accepted(begin(a_visitor(consent), COOL_OFF))
    (row,) = rows_of(outcome, Exclusion)
    assert (row.starts_at, row.ends_at, row.venue_id) == (NOW, NOW + 7 * DAY, None)
    (preferences,) = rows_of(outcome, UserPreferences)
    assert preferences.marketing_consent_at is None
    (change,) = [row for row in rows_of(outcome, AuditEntry) if row.action == "consent.changed"]
    assert change.before is not None
    assert change.after is not None
    assert (change.before["marketing"], change.after["marketing"]) == (True, False)
    assert types_of(outcome) == ["safety.exclusion_changed"]
    assert outcome.events[0].rooms == (f"user:{USER}", f"venue:{VENUE}:management")
    (send,) = outcome.sends
    assert send.command == CloseVisit(cause=CheckOutCause.EXCLUSION)
    (log,) = rows_of(outcome, SafetyLog)
    assert (log.kind, log.signs, log.notes) == ("exclusion", ("cool_off",), None)
    assert due_times(outcome) == [NOW + 7 * DAY]
    assert refused_with(begin(state, COOL_OFF)) is Code.EXCLUSION_ACTIVE


@pytest.mark.parametrize(
    ("running", "command", "code"),
    [
        (ExclusionKind.COOL_OFF, StartExclusion(kind=ExclusionKind.COOL_OFF, days=1), True),
        (ExclusionKind.COOL_OFF, StartExclusion(kind=ExclusionKind.COOL_OFF, days=30), False),
        (ExclusionKind.SELF_EXCLUSION, StartExclusion(kind=ExclusionKind.COOL_OFF, days=1), True),
        (ExclusionKind.COOL_OFF, SELF, False),
    ],
)
def test_what_runs_is_extended_and_never_shortened(
    running: ExclusionKind, command: StartExclusion, code: bool
) -> None:
    """Not by the same kind, and not by a weaker one."""
    decision = begin(an_account(an_exclusion(running)), command)
    if code:
        assert refused_with(decision) is Code.EXCLUSION_ACTIVE
        return
    outcome = accepted(decision)
    (row,) = rows_of(outcome, Exclusion)
    extended = running is command.kind
    assert (row.version, outcome.status) == ((2, 200) if extended else (1, None))


def test_nobody_keeps_another_out_by_a_self_exclusion_and_nobody_bans_themselves() -> None:
    """403: what a person does to themselves is nobody else's to do."""
    assert refused_with(begin(an_account(), SELF, MANAGER)) is Code.FORBIDDEN
    own = a_principal(USER, Role.MANAGEMENT, VENUE)
    assert refused_with(begin(an_account(), a_ban(), own)) is Code.FORBIDDEN


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (a_principal(STAFF), Code.NOT_FOUND),
        (a_principal(STAFF, Role.STAFF, VENUE), Code.FORBIDDEN),
        (a_principal(STAFF, Role.MANAGEMENT, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_a_ban_is_for_management_of_the_venue(principal: Principal, code: Code) -> None:
    """Rule 15: a role counts at its venue only, and to a patron nobody else is there."""
    assert refused_with(begin(an_account(), a_ban(), principal)) is code


def test_a_ban_ends_a_visit_here_and_none_elsewhere() -> None:
    """A ban is of one venue."""
    assert accepted(begin(a_visitor(), a_ban(), MANAGER)).sends
    elsewhere = a_principal(STAFF, Role.MANAGEMENT, OTHER_VENUE)
    assert accepted(begin(a_visitor(), a_ban(venue_id=OTHER_VENUE), elsewhere)).sends == ()
    past = a_ban(until=NOW - DAY)
    assert refused_with(begin(an_account(), past, MANAGER)) is Code.VALIDATION_FAILED


def test_who_works_here_is_banned_by_owners_only_and_signed_out() -> None:
    """What they have open of the staff's rooms is open no longer."""
    works = a_user(role_grants={str(VENUE): RoleName.STAFF})
    state = an_account(a_family(), user=works)
    assert refused_with(begin(state, a_ban(), MANAGER)) is Code.FORBIDDEN
    outcome = accepted(begin(state, a_ban(), OWNER))
    assert types_of(outcome) == ["safety.exclusion_changed", "auth.session_revoked"]
    (family,) = rows_of(outcome, AuthSession)
    assert family.revoke_reason == "suspended"


def test_a_cool_off_ends_by_itself_and_a_self_exclusion_does_not() -> None:
    """After its time somebody has to come and ask."""
    cool_off = an_exclusion(ends_at=NOW)
    over = ExclusionOver(exclusion_id=cool_off.id)
    context = here(principal=None, in_saga=False)
    ended = accepted(decide_exclusion_over(an_account(cool_off), over, context))
    (row,) = rows_of(ended, Exclusion)
    assert (row.ended_at, ended.events[0].data["status"]) == (NOW, "ended")
    own = an_exclusion(ExclusionKind.SELF_EXCLUSION, ends_at=NOW)
    state = an_account(own)
    still = accepted(decide_exclusion_over(state, ExclusionOver(exclusion_id=own.id), context))
    assert (still.changes, types_of(still)) == ((), ["system.notification"])
    gone = ExclusionOver(exclusion_id=UUID(int=9))
    assert accepted(decide_exclusion_over(state, gone, context)).writes is False


def test_access_returns_a_day_after_it_was_asked_for_in_person() -> None:
    """Rule 7: not before the time, then by request, and 24 h later. Rule 7 exclusion."""
    own = an_exclusion(ExclusionKind.SELF_EXCLUSION, ends_at=NOW)
    early = set_status(an_account(own), WishedStatus.ACTIVE, now=NOW - DAY)
    assert refused_with(early) is Code.INVALID_TRANSITION
    asked = accepted(set_status(an_account(own), WishedStatus.ACTIVE))
    (row,) = rows_of(asked, Exclusion)
    assert (row.ended_at, row.ended_by) == (NOW + DAY, STAFF)
    assert due_times(asked) == [NOW + DAY]
    assert asked.events == (), "it is not over yet"


def test_a_suspended_account_is_let_back_and_keeps_its_self_exclusion() -> None:
    """The one is management's to lift, the other is not."""
    own = an_exclusion(ExclusionKind.SELF_EXCLUSION)
    suspended = a_user(status=UserStatus.SUSPENDED)
    outcome = accepted(set_status(an_account(own, user=suspended), WishedStatus.ACTIVE))
    assert rows_of(outcome, Exclusion) == []
    (user,) = rows_of(outcome, User)
    assert (user.status, user.suspended_reason) == (UserStatus.ACTIVE, None)


@pytest.mark.parametrize(
    ("user", "principal", "code"),
    [
        (a_user(status=UserStatus.ERASED), MANAGER, Code.NOT_FOUND),
        (a_user(role_grants={str(VENUE): RoleName.STAFF}), MANAGER, Code.FORBIDDEN),
        (a_user(role_grants={str(OTHER_VENUE): RoleName.STAFF}), OWNER, Code.NOT_FOUND),
        (
            a_user(role_grants={str(VENUE): RoleName.STAFF, str(OTHER_VENUE): RoleName.STAFF}),
            OWNER,
            Code.FORBIDDEN,
        ),
        (a_user(status=UserStatus.SUSPENDED), MANAGER, Code.INVALID_TRANSITION),
    ],
)
def test_what_a_venue_may_not_judge_is_refused(
    user: User, principal: Principal, code: Code
) -> None:
    """Rule 15: guests of others are not there, and who works elsewhere is not one venue's."""
    assert (
        refused_with(set_status(an_account(user=user), WishedStatus.SUSPENDED, principal)) is code
    )


def test_a_guest_of_another_venue_only_is_not_there() -> None:
    """Cross-venue is 404; an owner of everything sees all."""
    state = an_account(an_exclusion(ExclusionKind.VENUE_BAN, venue_id=OTHER_VENUE))
    assert refused_with(set_status(state, WishedStatus.SUSPENDED)) is Code.NOT_FOUND
    accepted(set_status(state, WishedStatus.SUSPENDED, a_principal(STAFF, Role.OWNER)))


def test_a_suspension_ends_everything_that_is_open_and_is_audited() -> None:
    """Tokens, devices and the visit; the answer goes through the venue that asked."""
    outcome = accepted(set_status(a_visitor(a_family()), WishedStatus.SUSPENDED, version=1))
    (user,) = rows_of(outcome, User)
    assert (user.status, user.token_version) == (UserStatus.SUSPENDED, 2)
    assert types_of(outcome) == ["auth.session_revoked"]
    closing, answered = outcome.sends
    assert closing.command == CloseVisit(cause=CheckOutCause.FORCED)
    assert isinstance(answered.command, StatusApplied)
    (line,) = rows_of(outcome, AuditEntry)
    assert (line.action, line.actor_id, line.venue_id) == ("user.status_set", STAFF, VENUE)
    stale = set_status(an_account(), WishedStatus.SUSPENDED, version=7)
    assert refused_with(stale) is Code.VERSION_CONFLICT


def test_of_two_who_judge_the_same_person_at_once_one_is_told_that_it_changed() -> None:
    """Rule 12: a ban, and letting back, move the account's version on as a suspension does."""
    state = a_visitor()
    seen = next(iter(state.all(User))).version
    for status in (WishedStatus.BANNED_FROM_VENUE, WishedStatus.ACTIVE, WishedStatus.SUSPENDED):
        first = accepted(set_status(state, status, version=seen))
        (answer,) = [
            send.command for send in first.sends if isinstance(send.command, StatusApplied)
        ]
        after(state, first)
        late = set_status(state, WishedStatus.SUSPENDED, version=seen)
        assert refused_with(late) is Code.VERSION_CONFLICT
        seen = answer.answer.version
