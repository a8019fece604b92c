"""Token families: one for each signed-in device, opened at a login and ended for good (Rule 16).

A family's row has the family's id, so that the directory finds its account by it. Whoever ends
families tells their devices, and forgets where their pushes go.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import attrs

from actors.account.state import AccountState
from actors.rules.credentials import HOUR, digest_of_refresh
from actors.rules.token_rotation import REFRESH_TOKEN_AGE_MAX
from actors.runtime.outcome import Context, Event
from actors.runtime.telling import tell
from protocol.events.system import AuthSessionRevoked
from protocol.internal.people import TokensDue
from protocol.limits import AUTH_SESSIONS_MAX
from protocol.operations.auth import LogIn, RegisterUser
from protocol.reads import Among, Read, Since
from protocol.records.users import AuthSession, AuthToken, PushDevice, User

READS: Final = (
    Read(AuthSession, by="user_id", where=(Among("revoked_at", (None,)), Since("expires_at", 0))),
    Read(AuthToken, by="user_id", where=(Since("created_at", int(HOUR.total_seconds())),)),
    Read(PushDevice, by="user_id"),
)
"""What the account loads for signing in."""

Why = Literal["logout", "reuse_detected", "password_changed", "role_changed", "suspended", "erased"]


@attrs.frozen(kw_only=True)
class Ended:
    """What ending families leads to."""

    changes: tuple[AuthSession, ...] = ()
    removes: tuple[PushDevice, ...] = ()
    events: tuple[Event, ...] = ()


def live_families(state: AccountState, now: datetime) -> list[AuthSession]:
    """The families that still get tokens, the one used last first."""
    alive = [family for family in state.all(AuthSession) if is_live(family, now)]
    return sorted(alive, key=last_used_at, reverse=True)


def live_family(state: AccountState, family_id: UUID, now: datetime) -> AuthSession | None:
    """A family that still gets tokens, or None."""
    family = state.get(AuthSession, family_id)
    return family if family is not None and is_live(family, now) else None


def is_live(family: AuthSession, now: datetime) -> bool:
    """Whether the family still gets tokens."""
    return family.revoked_at is None and now < family.expires_at


def last_used_at(family: AuthSession) -> datetime:
    """When the family last got a token."""
    return family.rotated_at or family.created_at


def new_family(user_id: UUID, request: LogIn | RegisterUser, context: Context) -> AuthSession:
    """The family that a login or registration opens."""
    id_ = context.fresh_id()
    return AuthSession(
        id=id_,
        user_id=user_id,
        family_id=id_,
        token_hash=digest_of_refresh(id_, 0),
        generation=0,
        created_at=context.now,
        expires_at=context.now + REFRESH_TOKEN_AGE_MAX,
        device_id=request.device_id,
        ip=request.client_address,
        user_agent=request.user_agent,
        venue_id=request.venue_id if isinstance(request, LogIn) else None,
    )


def surplus(state: AccountState, now: datetime) -> list[AuthSession]:
    """The families unused for longest that must go before one more is opened."""
    return live_families(state, now)[AUTH_SESSIONS_MAX - 1 :]


def end_families(
    state: AccountState, families: Iterable[AuthSession], *, why: Why, now: datetime
) -> Ended:
    """End these families; their sockets close when they hear of it."""
    ended = tuple(family.revised(revoked_at=now, revoke_reason=why) for family in families)
    gone = {family.id for family in ended}
    kept = {family.device_id for family in live_families(state, now) if family.id not in gone}
    devices = {family.device_id for family in ended} - kept - {None}
    return Ended(
        changes=ended,
        removes=tuple(push for push in state.all(PushDevice) if push.device_id in devices),
        events=tuple(revoked(state.user_id, family.id, why=why, now=now) for family in ended),
    )


def revoked(user_id: UUID, auth_session_id: UUID | None, *, why: Why, now: datetime) -> Event:
    """What the user's devices are told; without an id it concerns them all."""
    event = AuthSessionRevoked(auth_session_id=auth_session_id, reason=why, at=now)
    return tell(event, user_id=user_id)


def tokens_due(
    user: User, family: AuthSession, now: datetime, *, elevated_until: datetime | None = None
) -> TokensDue:
    """What the gateway makes tokens of, with the roles that are held now."""
    return TokensDue(
        user_id=user.id,
        display_name=user.display_name or "Guest",
        role_grants={where: role.value for where, role in user.role_grants.items()},
        token_version=user.token_version,
        family_id=family.family_id,
        generation=family.generation,
        at=now,
        elevated_until=elevated_until,
    )
