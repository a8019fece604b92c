"""Cool-off, self-exclusion and bans: begun at once, extended, ended in their own ways (Rule 7).

Nobody sheds one: a new address takes it along, and so does a new account with an old address.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from actors.account.families import Ended, end_families, live_families
from actors.account.keeping_out import (
    OWN,
    at_its_end,
    exclusions_now,
    refundable,
    registered,
    running,
    told,
    visit_ends,
)
from actors.account.notices import notice
from actors.account.preferences import consent_lines
from actors.account.standing import in_force, profile_at
from actors.account.state import AccountState
from actors.rules.exclusions import (
    end_of,
    identity_hash,
    met_again,
    refuse_past,
    refuse_shortening,
)
from actors.rules.permissions import not_found, refuse_at_venue
from actors.rules.platform_profile import PlatformProfile
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import PLATFORM, Role
from protocol.errors import Code, Refusal
from protocol.internal.accounts import ExclusionOver, KeepExclusions
from protocol.operations.exclusions import StartExclusion
from protocol.records.runtime import KeptExclusion
from protocol.records.states import CheckOutCause, ExclusionKind, UserStatus
from protocol.records.users import Exclusion, UserPreferences
from protocol.replies.people import ExclusionStarted


@decides(StartExclusion)
def decide_start_exclusion(
    state: AccountState, command: StartExclusion, context: Context
) -> Decision:
    """Keep the person out from now on, or for longer; an open visit goes to closing."""
    refusal = _refuse_caller(state, command, context)
    if refusal is not None:
        return refusal
    ends_at = end_of(context.now, days=command.days, months=command.months, until=command.until)
    return begin_exclusion(
        state,
        context,
        kind=command.kind,
        venue_id=command.venue_id,
        ends_at=ends_at,
        reason=command.reason,
    )


def begin_exclusion(
    state: AccountState,
    context: Context,
    *,
    kind: ExclusionKind,
    venue_id: UUID | None,
    ends_at: datetime | None,
    reason: str | None,
) -> Decision:
    """A new exclusion, or a later end of the one that runs; 409 if that would shorten it."""
    assert context.principal is not None, "somebody keeps somebody out"
    known = _longest(state, kind, venue_id, context.now)
    refusal = refuse_past(ends_at, context.now)
    if refusal is None and known is not None:
        refusal = refuse_shortening(known.kind, known.ends_at, ends_at)
    if refusal is not None:
        return refusal
    extended = known if known is not None and known.kind is kind else None
    if extended is None:
        after = Exclusion(
            id=context.fresh_id(),
            user_id=state.user_id,
            venue_id=venue_id,
            kind=kind,
            starts_at=context.now,
            ends_at=ends_at,
            reason=reason,
            created_by=context.principal.user_id,
        )
    else:
        after = extended.revised(ends_at=ends_at, ended_at=None, ended_by=None)
    withdrawn = _withdrawn(state, context) if kind in OWN else Outcome()
    signed_out = _signed_out(state, venue_id, context)
    line = audited(
        context,
        "exclusion.started" if extended is None else "exclusion.extended",
        "user",
        state.user_id,
        venue_id=venue_id,
        before=None if extended is None else _dates(extended),
        after=_dates(after),
    )
    return Outcome(
        reply=ExclusionStarted(
            exclusion_id=after.id,
            user_id=state.user_id,
            kind=kind,
            venue_id=venue_id,
            starts_at=after.starts_at,
            ends_at=ends_at,
            refundable=refundable(state),
        ),
        status=None if extended is None else 200,
        changes=(after, *withdrawn.changes, *signed_out.changes),
        removes=signed_out.removes,
        appends=(line, *withdrawn.appends, *registered(state, after, context)),
        events=(told(state, after, "active"), *signed_out.events),
        sends=visit_ends(state, venue_id, CheckOutCause.EXCLUSION),
        timers=at_its_end(after),
    )


@decides(ExclusionOver)
def decide_exclusion_over(
    state: AccountState, command: ExclusionOver, context: Context
) -> Decision:
    """Tell that it is over; of a self-exclusion, that access may be asked for in person now."""
    one = state.get(Exclusion, command.exclusion_id)
    if one is None:
        return Outcome()
    if not in_force(one, context.now):
        ended = one if one.ended_at is not None else one.revised(ended_at=context.now)
        changes = () if ended is one else (ended,)
        return Outcome(changes=changes, events=(told(state, ended, "ended"),))
    if one.kind is ExclusionKind.SELF_EXCLUSION and one.ended_at is None:
        return Outcome(events=(notice(state.user_id, "self_exclusion_term_over", context),))
    return Outcome(timers=at_its_end(one))


def meet_again(
    state: AccountState,
    outcome: Outcome,
    *,
    before: str | None,
    after: str,
    context: Context,
) -> Outcome:
    """Add to a change of address that exclusions stay with both: the old one and the new."""
    rows = met_rows(state.user_id, after, context)
    sends: tuple[Send, ...] = ()
    if before is not None and (kept := kept_exclusions(state, before, context.now)):
        sends = (Send(PLATFORM, KeepExclusions(exclusions=kept), detached=True),)
    return attrs.evolve(outcome, changes=(*outcome.changes, *rows), sends=(*outcome.sends, *sends))


def met_rows(user_id: UUID, email: str, context: Context) -> tuple[Exclusion, ...]:
    """The exclusions that an address brings along from an account that was erased (Rule 16)."""
    platform: PlatformProfile | None = context.shared(PLATFORM)
    kept = () if platform is None else platform.kept
    return tuple(
        Exclusion(
            id=context.fresh_id(),
            user_id=user_id,
            venue_id=one.venue_id,
            kind=one.kind,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            reason=None,
            created_by=user_id,
        )
        for one in met_again(kept, email, context.now)
    )


def kept_exclusions(state: AccountState, email: str, now: datetime) -> tuple[KeptExclusion, ...]:
    """What runs, as it outlives the account or its address."""
    return tuple(
        KeptExclusion(
            id=one.id,
            identity_hash=identity_hash(one.id.bytes, email),
            kind=one.kind,
            venue_id=one.venue_id,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )
        for one in exclusions_now(state, now)
    )


def _refuse_caller(
    state: AccountState, command: StartExclusion, context: Context
) -> Refusal | None:
    """Everyone keeps themselves out, and nobody else; a ban is for management of the venue."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    own = principal.user_id == state.user_id
    if state.user.status is UserStatus.ERASED:
        return Refusal(Code.NOT_FOUND, f"user {state.user_id} is not here")
    if not own and principal.role_at(None) < Role.STAFF:
        return not_found(f"user {state.user_id}")
    if command.kind in OWN:
        if own:
            return None
        return Refusal(Code.FORBIDDEN, "only they themselves can have a cool-off or self-exclusion")
    assert command.venue_id is not None, "a ban is of a venue"
    if own:
        return Refusal(Code.FORBIDDEN, "nobody bans themselves; begin a self-exclusion instead")
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, command.venue_id)
    if refusal is not None:
        return refusal
    if profile_at(context, command.venue_id) is None:
        return Refusal(Code.NOT_FOUND, f"there is no venue {command.venue_id}")
    works_there = str(command.venue_id) in state.user.role_grants or "*" in state.user.role_grants
    if works_there and principal.role_at(command.venue_id) < Role.OWNER:
        return Refusal(Code.FORBIDDEN, "who works here is kept out by an owner only")
    return None


def _longest(
    state: AccountState, kind: ExclusionKind, venue_id: UUID | None, now: datetime
) -> Exclusion | None:
    """What a new exclusion is measured by: a cool-off by a self-exclusion that runs, too."""
    if kind is ExclusionKind.COOL_OFF:
        stronger = running(state, ExclusionKind.SELF_EXCLUSION, None, now)
        if stronger is not None:
            return stronger
    return running(state, kind, venue_id, now)


def _withdrawn(state: AccountState, context: Context) -> Outcome:
    """Consent to offers ends with it, and that is written down as any change of consent."""
    known = state.first(UserPreferences)
    if known is None or known.marketing_consent_at is None:
        return Outcome()
    after = known.revised(marketing_consent_at=None)
    return Outcome(changes=(after,), appends=consent_lines(known, after, context))


def _signed_out(state: AccountState, venue_id: UUID | None, context: Context) -> Ended:
    """Who works where they may be no more has nothing of it open any longer on any device."""
    if str(venue_id) not in state.user.role_grants:
        return Ended()
    families = live_families(state, context.now)
    return end_families(state, families, why="suspended", now=context.now)


def _dates(one: Exclusion) -> dict[str, object]:
    return {"kind": one.kind, "starts_at": one.starts_at, "ends_at": one.ends_at}
