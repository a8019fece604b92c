"""Age, as a document showed it: the date is taken over, the document is not (Rules 7 and 15)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from actors.account.notices import notice, outside
from actors.account.standing import profile_at
from actors.account.state import AccountState
from actors.rules.password import refuse_age
from actors.rules.permissions import refuse_at_venue
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.chains import text_digest
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.tasks import OpenTask
from protocol.operations.people import VerifyAge
from protocol.operations.users import Switch
from protocol.records.safety import SafetyLog
from protocol.records.states import TaskPriority, UserStatus
from protocol.records.users import AgeVerification
from protocol.replies.people import AgeVerified

MISMATCH = "birth_date_mismatch"


@decides(VerifyAge)
def decide_verify_age(state: AccountState, command: VerifyAge, context: Context) -> Decision:
    """Record that a document was seen. Another date than the profile's is looked into."""
    user = state.user
    venue_id = _venue(state, command, context)
    if isinstance(venue_id, Refusal):
        return venue_id
    refusal = _refuse(state, command, context, venue_id)
    if refusal is not None:
        return refusal
    assert context.principal is not None, "a command of the contract has a principal"
    by_user = context.principal.user_id
    mismatch = user.birth_date is not None and user.birth_date != command.birth_date
    verification_id = context.fresh_id()
    seen = AgeVerification(
        id=verification_id,
        user_id=user.id,
        venue_id=venue_id,
        verified_by=by_user,
        document_type=command.document_type,
        # The row's id is the salt: the date itself stands in the profile, until erasure.
        birth_date_hash=text_digest(verification_id.bytes, command.birth_date.isoformat()),
        document_expires=command.expiry,
        method=command.method,
        at=context.now,
    )
    verified = user.revised(age_verified_at=context.now, birth_date=command.birth_date)
    registered = SafetyLog(
        id=context.fresh_id(),
        venue_id=venue_id,
        session_id=None if state.visit is None else state.visit.session_id,
        user_id=user.id,
        kind="verification",
        signs=("age", MISMATCH) if mismatch else ("age",),
        by_user=by_user,
        occurred_at=context.now,
        received_at=context.now,
    )
    line = audited(
        context,
        "age.verified",
        "user",
        user.id,
        venue_id=venue_id,
        after={"document_type": command.document_type, "mismatch": mismatch},
    )
    return Outcome(
        reply=AgeVerified(
            verification_id=verification_id,
            user_id=user.id,
            age_verified_at=context.now,
            mismatch=mismatch,
            version=verified.version,
        ),
        changes=(verified,),
        appends=(seen, registered, line),
        events=(notice(user.id, "age_verified", context),),
        sends=(
            *((_look_into(venue_id, context),) if mismatch else ()),
            *outside(state, "age_verified", Switch.VISITS, venue_id=venue_id),
        ),
    )


def _venue(state: AccountState, command: VerifyAge, context: Context) -> UUID | Refusal:
    """Where it is: as named, else where the visit is, else where the caller works."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    visit = state.visit
    works_at = [venue for venue, role in principal.roles.items() if role >= Role.STAFF]
    if command.venue_id is not None:
        return command.venue_id
    if visit is not None and principal.role_at(visit.venue_id) >= Role.STAFF:
        return visit.venue_id
    if len(works_at) == 1:
        return works_at[0]
    detail = "name the venue where the document was seen"
    errors = (FieldError("/venue_id", "required", detail),)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def _refuse(
    state: AccountState, command: VerifyAge, context: Context, venue_id: UUID
) -> Refusal | None:
    principal, user = context.principal, state.user
    assert principal is not None, "a command of the contract has a principal"
    refusal = refuse_at_venue(principal, Role.STAFF, venue_id)
    if refusal is not None:
        return refusal
    profile = profile_at(context, venue_id)
    if profile is None or user.status is UserStatus.ERASED:
        return Refusal(Code.NOT_FOUND, f"user {user.id} is not here, or not yours to see")
    if principal.user_id == user.id:
        return Refusal(Code.FORBIDDEN, "nobody verifies their own age; ask somebody else here")
    if user.age_verified_at is not None:
        at = user.age_verified_at.isoformat()
        return Refusal(Code.ALREADY_VERIFIED, f"a document was seen at {at}; nothing is to be done")
    today = context.now.astimezone(profile.tz).date()
    return refuse_age(command.birth_date, today) or _refuse_expired(command.expiry, today)


def _refuse_expired(expiry: date | None, today: date) -> Refusal | None:
    if expiry is None or expiry >= today:
        return None
    detail = f"the document ended on {expiry.isoformat()}; ask for another one"
    errors = (FieldError("/expiry", "expired", detail),)
    return Refusal(Code.DOCUMENT_EXPIRED, detail, errors=errors)


def _look_into(venue_id: UUID, context: Context) -> Send:
    """Management finds out which date was wrong, and why."""
    task = OpenTask(
        task_id=context.fresh_id(),
        title="A document shows another birth date than the profile",
        kind=MISMATCH,
        priority=TaskPriority.NORMAL,
        for_management=True,
    )
    return Send(Address(ActorKind.VENUE, venue_id), task, detached=True)
