"""Answers about signing in. Tokens are shown once and stored nowhere in clear."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.replies.base import reply
from protocol.values import DeviceId, Name, RoleGrant


@reply
class SignedInUser:
    """Who signed in."""

    user_id: UUID
    display_name: Name
    roles: tuple[RoleGrant, ...]


@reply
class SignedIn:
    """Tokens of a new family; `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: SignedInUser
    token_type: str = "Bearer"  # noqa: S105


@reply
class TokensRefreshed:
    """The next tokens of the family."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105


@reply
class Elevated:
    """An access token that opens what needs a step-up, until `elevated_until`."""

    access_token: str
    expires_in: int
    elevated_until: datetime
    token_type: str = "Bearer"  # noqa: S105


@reply
class EmailVerified:
    """Whether what the code is for is confirmed now; false after asking for a new code."""

    verified: bool


@reply
class AuthSession:
    """One signed-in device."""

    auth_session_id: UUID
    device_id: DeviceId | None
    client: str | None
    place: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


@reply
class AuthSessions:
    """All signed-in devices of the caller."""

    items: tuple[AuthSession, ...]
