"""The end of an account: seven days of grace, then nothing personal is left (Rule 16).

Signing in meanwhile keeps the account. What is in the wallet is given up first, if its person said
so, venue by venue and by journals like any other; then the account's own rows are scrubbed, and
what no actor holds is taken out of the tables. Money rows stay under the id, which is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import attrs

from actors.account.cards import saved_cards
from actors.account.exclusions import kept_exclusions
from actors.account.exports import dropped_exports
from actors.account.families import end_families, live_families, live_family
from actors.account.forfeiting import forfeit_one
from actors.account.keeping_out import refundable
from actors.account.notices import mail, notice, outside
from actors.account.outstanding import refuse_outstanding, told_waiting, waits_for
from actors.account.state import AccountState
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, Send, SetTimer
from protocol.addresses import OUTSIDE, PLATFORM, identity_of
from protocol.errors import Code, Refusal
from protocol.internal.accounts import (
    EraseAccount,
    KeepExclusions,
    ScrubAgain,
    ScrubTables,
    TablesScrubbed,
)
from protocol.internal.payments import ForgetCustomer
from protocol.internal.people import FreeIdentity
from protocol.operations.users import RequestErasure, Switch
from protocol.records.base import Record
from protocol.records.money import CreditHold
from protocol.records.money_states import ErasureKind, HoldStatus
from protocol.records.platform import ErasureJob
from protocol.records.runtime import TimeUsed
from protocol.records.states import RoleName, UserStatus
from protocol.records.users import AuthSession, AuthToken, Exclusion, PushDevice, UserPreferences
from protocol.replies.users import ErasureTaken, Kept

GRACE: Final = timedelta(days=7)
AGAIN: Final = timedelta(days=1)
"""A visit, a hold, or money that the end of the grace finds open is waited for."""
SCRUB_AGAIN: Final = timedelta(minutes=10)
ERASURE: Final = "erasure"
"""The timer of the end."""
PENDING, SCRUBBING, DONE, CANCELLED = "pending", "scrubbing", "done", "cancelled"
KEPT: Final = (
    Kept(what="receipts and ledger", why="the law on accounts", years=7),
    Kept(what="visits, under a pseudonym", why="the law on accounts", years=7),
    Kept(what="exclusions, as a salted digest of the address", why="your own protection", years=7),
    Kept(what="the safety register, without text", why="the licence of the venue", years=7),
)


@decides(RequestErasure)
def decide_request_erasure(
    state: AccountState, command: RequestErasure, context: Context
) -> Decision:
    """Begin the days of grace and sign every device out."""
    user, now, principal = state.user, context.now, context.principal
    assert principal is not None, "a command of the contract has a principal"
    under_way = pending_erasure(state)
    if under_way is not None:
        # The answer was lost, or asked for twice: it is the same one.
        return Outcome(reply=_taken(state, under_way))
    if live_family(state, principal.family_id, now) is None or user.status is UserStatus.ERASED:
        return Refusal(Code.UNAUTHENTICATED, "this login has ended; sign in again")
    refusal = _refuse(state, command)
    if refusal is not None:
        return refusal
    job = ErasureJob(
        id=context.fresh_id(),
        user_id=user.id,
        kind=ErasureKind.ERASE,
        status=PENDING,
        requested_at=now,
        due_at=now + GRACE,
        kept={"what": [kept.what for kept in KEPT], "forfeit": command.forfeit},
    )
    ended = end_families(state, live_families(state, now), why="erased", now=now)
    text = f"Your account ends on {job.due_at:%Y-%m-%d}. Sign in before that to keep it."
    sends = () if user.email is None else (
        mail(user.id, user.email, "erasure_requested", subject="Your account", text=text),
    )  # fmt: skip
    return Outcome(
        reply=_taken(state, job),
        changes=(job, *ended.changes),
        removes=ended.removes,
        appends=(audited(context, "erasure.requested", "user", user.id, venue_id=None),),
        events=ended.events,
        sends=sends,
        timers=(SetTimer(ERASURE, job.due_at, EraseAccount(job_id=job.id)),),
    )


def cancel_erasure(state: AccountState, context: Context) -> Outcome:
    """What a login leads to: whoever comes back within the days of grace keeps the account."""
    job = pending_erasure(state)
    if job is None:
        return Outcome()
    return Outcome(
        changes=(job.revised(status=CANCELLED, done_at=context.now),),
        events=(notice(state.user_id, "erasure_cancelled", context),),
        sends=outside(state, "erasure_cancelled", Switch.SECURITY),
        timers=(CancelTimer(ERASURE),),
    )


@decides(EraseAccount)
def decide_erase_account(state: AccountState, command: EraseAccount, context: Context) -> Decision:
    """The grace is over: give up what is left, and when nothing is, scrub."""
    job = state.get(ErasureJob, command.job_id)
    if job is None or job.status != PENDING:
        return Outcome()
    if state.unended_visit is not None or _has_holds(state):
        return Outcome(timers=(SetTimer(ERASURE, context.now + AGAIN, command),))
    why = waits_for(state, job)
    if why is not None:
        later = SetTimer(ERASURE, context.now + AGAIN, command)
        return attrs.evolve(told_waiting(state, job, why), timers=(later,))
    forfeited = forfeit_one(state, context)
    if forfeited is not None:
        # One venue's books a step; the timer comes again at once for the next.
        again = SetTimer(ERASURE, context.now, command)
        return attrs.evolve(forfeited, timers=(*forfeited.timers, again))
    user = state.user
    sends = [_scrub(state, job)]
    if user.email is not None:
        sends.append(Send(identity_of(user.email), FreeIdentity(), detached=True))
        if kept := kept_exclusions(state, user.email, context.now):
            sends.append(Send(PLATFORM, KeepExclusions(exclusions=kept), detached=True))
    sends += [Send(OUTSIDE, drop, detached=True) for drop in dropped_exports(state)]
    if user.provider_customer_id is not None:
        forget = ForgetCustomer(customer_id=user.provider_customer_id)
        sends.append(Send(OUTSIDE, forget, detached=True))
    return Outcome(
        changes=(job.revised(status=SCRUBBING), *_scrubbed(state, context)),
        removes=_forgotten(state),
        appends=(audited(context, "account.erased", "user", user.id, venue_id=None),),
        sends=tuple(sends),
    )


@decides(TablesScrubbed)
def decide_tables_scrubbed(
    state: AccountState, command: TablesScrubbed, context: Context
) -> Decision:
    """Nothing personal is left anywhere: the job is done. Where it could not be, it is later."""
    job = state.get(ErasureJob, command.job_id)
    if job is None or job.status != SCRUBBING:
        return Outcome()
    if not command.done:
        again = ScrubAgain(job_id=job.id)
        return Outcome(timers=(SetTimer(ERASURE, context.now + SCRUB_AGAIN, again),))
    return Outcome(changes=(job.revised(status=DONE, done_at=context.now),))


@decides(ScrubAgain)
def decide_scrub_again(state: AccountState, command: ScrubAgain, context: Context) -> Decision:
    """Ask once more; doing it twice does no harm."""
    job = state.get(ErasureJob, command.job_id)
    if job is None or job.status != SCRUBBING:
        return Outcome()
    return Outcome(sends=(_scrub(state, job),))


def _scrub(state: AccountState, job: ErasureJob) -> Send:
    user = state.user
    command = ScrubTables(job_id=job.id, user_id=user.id, pseudonym=user.pseudonym)
    return Send(OUTSIDE, command, detached=True)


def pending_erasure(state: AccountState) -> ErasureJob | None:
    """The erasure whose days of grace run."""
    jobs = (job for job in state.all(ErasureJob) if job.kind is ErasureKind.ERASE)
    return next((job for job in jobs if job.status == PENDING), None)


def _has_holds(state: AccountState) -> bool:
    return any(hold.status is HoldStatus.OPEN for hold in state.all(CreditHold))


def _refuse(state: AccountState, command: RequestErasure) -> Refusal | None:
    visit = state.visit
    if visit is not None:
        return Refusal(
            Code.SESSION_ACTIVE,
            f"session {visit.session_id} is open; check out first",
            extra={"session_id": str(visit.session_id)},
        )
    if RoleName.OWNER in state.user.role_grants.values():
        return Refusal(Code.LAST_OWNER, "owners hand over what they own before they go")
    if state.user.role_grants:
        return Refusal(Code.FORBIDDEN, "have your roles taken first; then ask again")
    return None if command.forfeit else refuse_outstanding(state)


def _taken(state: AccountState, job: ErasureJob) -> ErasureTaken:
    return ErasureTaken(
        erasure_id=job.id,
        status=job.status,
        requested_at=job.requested_at,
        due_at=job.due_at,
        refundable=refundable(state),
        forfeited=bool(job.kept and job.kept.get("forfeit")),
        kept=KEPT,
    )


def _scrubbed(state: AccountState, context: Context) -> Iterator[Record]:
    """The account's rows without the person. Hashed rows and money are not among them."""
    user, now = state.user, context.now
    yield user.revised(
        email=None,
        password_hash=None,
        display_name=None,
        phone=None,
        birth_date=None,
        age_verified_at=None,
        email_verified_at=None,
        phone_verified_at=None,
        status=UserStatus.ERASED,
        suspended_reason=None,
        token_version=user.token_version + 1,
        role_grants={},
        pin_hash=None,
        duress_pin_hash=None,
        failed_logins=(),
        locale=None,
        terms_version=None,
        avatar=None,
        photo=None,
        emergency_contact=None,
        provider_customer_id=None,
        erased_at=now,
        deleted_at=now,
    )
    kept = {one.id: one for one in kept_exclusions(state, user.email or str(user.id), now)}
    for one in state.all(Exclusion):
        hashed = kept[one.id].identity_hash if one.id in kept else one.identity_hash
        yield one.revised(reason=None, identity_hash=hashed)
    for family in state.all(AuthSession):
        yield family.revised(
            ip=None, user_agent=None, device_id=None, revoked_at=family.revoked_at or now
        )
    # The provider lets go of them together with the customer whose they are.
    for card in saved_cards(state):
        yield card.revised(removed_at=now, is_default=False)


def _forgotten(state: AccountState) -> tuple[Record, ...]:
    """Rows that are good for nothing without the person."""
    kinds: tuple[type[Record], ...] = (PushDevice, AuthToken, UserPreferences, TimeUsed)
    return tuple(row for kind in kinds for row in state.all(kind))
