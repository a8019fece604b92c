"""What the management of a venue makes of a person's account: suspended, banned, or let back.

The venue has judged its own part; here is judged what only the account knows: that it is a guest of
the venue, that who works anywhere is more than the venue's to judge, and what runs already.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from actors.account.exclusions import begin_exclusion
from actors.account.families import end_families, live_families
from actors.account.keeping_out import (
    at_its_end,
    exclusions_now,
    registered,
    running,
    told,
    visit_ends,
)
from actors.account.state import AccountState
from actors.rules.exclusions import RETURN_WAITS, refuse_return
from actors.rules.permissions import not_found
from actors.rules.preconditions import refuse_version
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.accounts import ApplyStatus, StatusApplied
from protocol.operations.people import SetUserStatus
from protocol.records.platform import AuditEntry
from protocol.records.states import CheckOutCause, ExclusionKind, UserStatus
from protocol.records.users import Exclusion, User
from protocol.replies.people import ExclusionStarted, UserStatusSet
from protocol.values import WishedStatus


@decides(ApplyStatus)
def decide_apply_status(state: AccountState, command: ApplyStatus, context: Context) -> Decision:
    """Suspend, ban or let back, and answer through the venue."""
    user, request = state.user, command.request
    refusal = _refuse(state, command, context)
    if refusal is not None:
        return refusal
    match request.status:
        case WishedStatus.SUSPENDED:
            return _suspend(state, user, request, context)
        case WishedStatus.BANNED_FROM_VENUE:
            return _ban(state, user, request, context)
    return _let_back(state, user, request, context)


def _refuse(state: AccountState, command: ApplyStatus, context: Context) -> Refusal | None:
    user, venue_id, principal = state.user, command.request.venue_id, context.principal
    assert principal is not None, "a command of the contract has a principal"
    known_at = {str(venue) for venue in state.venues} | {*user.role_grants}
    known_at |= {str(one.venue_id) for one in state.all(Exclusion) if one.venue_id is not None}
    elsewhere = known_at - {str(venue_id)}
    is_stranger = bool(elsewhere) and str(venue_id) not in known_at
    above_all = principal.everywhere >= Role.OWNER
    if user.status is UserStatus.ERASED or (is_stranger and not above_all):
        return not_found(f"user {user.id}")
    if user.role_grants and principal.role_at(venue_id) < Role.OWNER:
        return Refusal(Code.FORBIDDEN, "who works at a venue is an owner's to judge")
    works_elsewhere = {*user.role_grants} - {str(venue_id)}
    bites_elsewhere = command.request.status is not WishedStatus.BANNED_FROM_VENUE
    if works_elsewhere and bites_elsewhere and not above_all:
        return Refusal(
            Code.FORBIDDEN, "this person works at other venues too; an owner of all must decide"
        )
    if command.expected_version is None:
        return None
    whose = f"the account {user.id}"
    return refuse_version(command.expected_version, user.version, whose=whose)


def _suspend(state: AccountState, user: User, request: SetUserStatus, context: Context) -> Decision:
    """Nobody signs in; every device is signed out; a visit goes to closing."""
    if user.status is UserStatus.SUSPENDED:
        return _already(user, "is suspended already")
    suspended = user.revised(
        status=UserStatus.SUSPENDED,
        suspended_reason=request.reason,
        token_version=user.token_version + 1,
    )
    ended = end_families(state, live_families(state, context.now), why="suspended", now=context.now)
    return Outcome(
        changes=(suspended, *ended.changes),
        removes=ended.removes,
        appends=(_line(user, suspended, request, context),),
        events=ended.events,
        sends=(
            *visit_ends(state, None, CheckOutCause.FORCED),
            _answered(suspended, request, None, context),
        ),
    )


def _ban(state: AccountState, user: User, request: SetUserStatus, context: Context) -> Decision:
    """An exclusion from this venue; the account itself stays as it is."""
    known = running(state, ExclusionKind.VENUE_BAN, request.venue_id, context.now)
    begun = begin_exclusion(
        state,
        context,
        kind=ExclusionKind.VENUE_BAN,
        venue_id=request.venue_id,
        ends_at=request.until,
        reason=request.reason,
    )
    if isinstance(begun, Refusal):
        if begun.code is Code.EXCLUSION_ACTIVE and known is not None:
            return attrs.evolve(begun, code=Code.INVALID_TRANSITION)
        return begun
    assert isinstance(begun.reply, ExclusionStarted), "a ban that began says so"
    # Whoever named a version must have seen this one: so it is another now.
    after = user.revised()
    answer = _answered(after, request, begun.reply.exclusion_id, context)
    return attrs.evolve(
        begun,
        reply=None,
        status=None,
        changes=(*begun.changes, after),
        sends=(*begun.sends, answer),
    )


def _let_back(
    state: AccountState, user: User, request: SetUserStatus, context: Context
) -> Decision:
    """End the suspension and the ban from here; a self-exclusion only after its own time."""
    lifted = _lifted(state, request.venue_id, context.now)
    if isinstance(lifted, Refusal):
        return lifted
    suspended = user.status is UserStatus.SUSPENDED
    if not suspended and not lifted:
        return _already(user, "is active, and not kept out from here")
    after = user.revised(status=UserStatus.ACTIVE, suspended_reason=None)
    assert context.principal is not None, "a command of the contract has a principal"
    rows = tuple(one.revised(ended_at=at, ended_by=context.principal.user_id) for one, at in lifted)
    now_over = [row for row in rows if row.ended_at is not None and row.ended_at <= context.now]
    logs = [line for row in rows for line in registered(state, row, context)]
    return Outcome(
        changes=(*rows, after),
        appends=(_line(user, after, request, context), *logs),
        events=tuple(told(state, row, "ended") for row in now_over),
        sends=(_answered(after, request, rows[0].id if rows else None, context),),
        timers=tuple(timer for row in rows if row not in now_over for timer in at_its_end(row)),
    )


def _lifted(
    state: AccountState, venue_id: UUID, now: datetime
) -> list[tuple[Exclusion, datetime]] | Refusal:
    """What letting back ends, and when: a ban at once, a self-exclusion a day later (Rule 7).

    A cool-off ends by itself, and by nobody's word.
    """
    found: list[tuple[Exclusion, datetime]] = []
    for one in exclusions_now(state, now):
        if one.kind is ExclusionKind.VENUE_BAN and one.venue_id == venue_id:
            found.append((one, now))
        elif one.kind is ExclusionKind.SELF_EXCLUSION and one.ended_at is None:
            if (refusal := refuse_return(one.ends_at, now)) is None:
                found.append((one, now + RETURN_WAITS))
            elif state.user.status is UserStatus.ACTIVE and not found:
                return refusal
    return found


def _already(user: User, how: str) -> Refusal:
    return Refusal(Code.INVALID_TRANSITION, f"the account {user.id} {how}")


def _line(before: User, after: User, request: SetUserStatus, context: Context) -> AuditEntry:
    return audited(
        context,
        "user.status_set",
        "user",
        before.id,
        venue_id=request.venue_id,
        before={"status": before.status},
        after={"status": after.status, "wished": request.status, "reason": request.reason},
    )


def _answered(
    user: User, request: SetUserStatus, exclusion_id: UUID | None, context: Context
) -> Send:
    answer = UserStatusSet(
        user_id=user.id,
        venue_id=request.venue_id,
        status=request.status,
        until=request.until,
        exclusion_id=exclusion_id,
        version=user.version,
    )
    return Send(Address(ActorKind.VENUE, request.venue_id), StatusApplied(answer=answer))
