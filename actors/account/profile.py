"""The own profile: what it says, and how it is changed (Rules 12 and 16).

A new e-mail address is taken at its identity first, as at a registration, so that no two accounts
have one; it is confirmed by a code, and the old address is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from actors.account.credentials import judge_attempt
from actors.account.exclusions import meet_again
from actors.account.keeping_out import exclusions_now
from actors.account.notices import mail
from actors.account.roles import EVERYWHERE
from actors.account.standing import limit_now
from actors.account.state import AccountState
from actors.account.verification import new_code
from actors.rules.password import refuse_age
from actors.rules.preconditions import refuse_version
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import Role, identity_of
from protocol.codec import encode
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.accounts import AddressTaken, TakeAddress
from protocol.internal.people import FreeIdentity
from protocol.operations.table import OPERATIONS
from protocol.operations.users import UpdateOwnProfile
from protocol.records.states import AuthTokenKind
from protocol.records.users import AuthToken, User, UserLimit
from protocol.replies.users import ActiveExclusion, ActiveLimit, Profile
from protocol.values import EmergencyContact, RoleGrant

_PLAIN: Final = ("display_name", "phone", "locale", "avatar", "birth_date")


@decides(UpdateOwnProfile)
def decide_update_own_profile(
    state: AccountState, command: UpdateOwnProfile, context: Context
) -> Decision:
    """Change what is given; a new address is asked for at its identity first."""
    user = state.user
    refusal = refuse_version(
        context.expected_version, user.version, whose="the profile of this account"
    ) or _refuse_locked(user, command, context)
    if refusal is not None:
        return refusal
    if command.verdict is not None:
        wrong = judge_attempt(user, command.verdict, command.credentials_version, context.now)
        if wrong is not None:
            return wrong
        if not user.role_grants:
            return Refusal(Code.FORBIDDEN, "PINs are for people who work at a venue")
    if _is_same_address(user, command.email):
        changed = _changed(user, command, context)
        return Outcome(reply=profile_of(state, changed, context), changes=(changed,))
    assert command.email is not None, "an address that is another is one"
    take = TakeAddress(user_id=user.id, request=command, version=user.version)
    return Outcome(reply=LATER, sends=(Send(identity_of(command.email), take),))


@decides(AddressTaken)
def decide_address_taken(state: AccountState, command: AddressTaken, context: Context) -> Decision:
    """The address is ours: change the profile, free the old one, and send the code.

    Tokens that were sent to the old address are good no more.
    """
    user, request = state.user, command.request
    assert request.email is not None, "an address was asked for"
    assert request.new_code is not None, "the code is made before the mailbox"
    refusal = refuse_version(command.version, user.version, whose="the profile of this account")
    if refusal is not None:
        return refusal
    changed = _changed(user, request, context).evolve(email=request.email, email_verified_at=None)
    code, sent = new_code(changed, request.new_code, context)
    spent = [token for token in state.all(AuthToken) if _was_sent(token)]
    sends = [sent]
    if user.email is not None:
        sends.append(Send(identity_of(user.email), FreeIdentity(), detached=True))
        text = "Your account has another e-mail address now. If it was not you, write to us."
        sends.append(mail(user.id, user.email, "email_changed", subject="Your address", text=text))
    outcome = Outcome(
        reply=profile_of(state, changed, context) if context.in_saga else None,
        changes=(changed, code, *(token.revised(used_at=context.now) for token in spent)),
        sends=tuple(sends),
    )
    return meet_again(state, outcome, before=user.email, after=request.email, context=context)


def profile_of(state: AccountState, user: User, context: Context) -> Profile:
    """Everything that somebody sees of themselves, as GET /api/users/me shows it."""
    assert user.email is not None, "an account that is not erased has an address"
    roles = tuple(
        RoleGrant(venue_id=None if at == EVERYWHERE else UUID(at), role=Role.of(role.value))
        for at, role in sorted(user.role_grants.items())
    )
    highest = max((grant.role for grant in roles), default=Role.PATRON)
    return Profile(
        user_id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        phone=user.phone,
        phone_verified=user.phone_verified_at is not None,
        display_name=user.display_name or "Guest",
        birth_date=user.birth_date,
        age_verified=user.age_verified_at is not None,
        locale=user.locale,
        avatar=user.avatar,
        emergency_contact=_contact(user.emergency_contact),
        status=user.status,
        roles=roles,
        permissions=tuple(
            sorted(one.name for one in OPERATIONS if Role.PUBLIC < one.least <= highest)
        ),
        limits=tuple(
            ActiveLimit(
                kind=limit.kind,
                period=limit.period,
                amount=value,
                effective_at=limit.effective_at,
            )
            for limit in state.all(UserLimit)
            if limit.superseded_at is None and (value := limit_now(limit, context.now)) is not None
        ),
        exclusions=tuple(
            ActiveExclusion(
                exclusion_id=one.id,
                kind=one.kind,
                venue_id=one.venue_id,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in exclusions_now(state, context.now)
        ),
        created_at=user.created_at,
        version=user.version,
    )


def _contact(stored: Mapping[str, Any] | None) -> EmergencyContact | None:
    return None if stored is None else EmergencyContact(**stored)


def _refuse_locked(user: User, command: UpdateOwnProfile, context: Context) -> Refusal | None:
    """The birth date is frozen once a document showed it; before, it makes nobody too young."""
    born = command.birth_date
    if born is None or born == user.birth_date:
        return None
    if user.age_verified_at is not None:
        detail = "the birth date was verified by a document; ask the staff if it is wrong"
        errors = (FieldError("/birth_date", "field_locked", detail),)
        return Refusal(Code.FIELD_LOCKED, detail, errors=errors)
    return refuse_age(born, context.now.date())


def _is_same_address(user: User, email: str | None) -> bool:
    return email is None or (user.email or "").lower() == email.lower()


def _changed(user: User, command: UpdateOwnProfile, context: Context) -> User:
    """The next version, with all but a new address. A new telephone number is not confirmed."""
    given: dict[str, Any] = {
        name: value for name in _PLAIN if (value := getattr(command, name)) is not None
    }
    if command.email is not None:
        # The same address, perhaps in other letters.
        given["email"] = command.email
    if command.emergency_contact is not None:
        given["emergency_contact"] = encode(command.emergency_contact)
    for name in ("pin_hash", "duress_pin_hash"):
        if (hashed := getattr(command, name)) is not None:
            given[name] = hashed
    given |= {name.value: None for name in command.clear}
    if given.get("phone", user.phone) != user.phone:
        given["phone_verified_at"] = None
    return user.revised(**given)


def _was_sent(token: AuthToken) -> bool:
    """Whether it is for whoever reads the mail of the address."""
    kinds = (AuthTokenKind.PASSWORD_RESET, AuthTokenKind.EMAIL_VERIFICATION)
    return token.used_at is None and token.kind in kinds
