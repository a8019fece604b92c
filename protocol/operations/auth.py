"""Signing up, in and out. A password leaves the command once its step has hashed or checked it."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import PREPARED, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.operations.addresses import family, identity, own_account, token
from protocol.operations.base import KeyRule, Operation, RateRule, in_category
from protocol.replies.auth import AuthSessions, Elevated, EmailVerified, SignedIn, TokensRefreshed
from protocol.values import (
    DeviceId,
    Email,
    GivenPassword,
    Locale,
    Name,
    Password,
    Phone,
    Pin,
    PreparedText,
    PreparedVersion,
    Secret,
    Verdict,
)

PreparedVerdict = Annotated[Verdict | None, PREPARED]


@command
class RegisterUser(Command):
    """Make a patron account. `code` is what the confirming message will ask for."""

    email: Email
    password: Password
    display_name: Name
    birth_date: date
    locale: Locale = "en"
    terms_version: Annotated[str, text(min=1, max=40)] = "1"
    phone: Phone | None = None
    device_id: DeviceId | None = None
    password_hash: PreparedText = None
    code: PreparedText = None
    client_address: PreparedText = None
    user_agent: PreparedText = None


@command
class LogIn(Command):
    """Exchange e-mail address and password for tokens of a new family."""

    email: Email
    password: GivenPassword
    device_id: DeviceId | None = None
    venue_id: UUID | None = None
    verdict: PreparedVerdict = None
    credentials_version: PreparedVersion = None
    client_address: PreparedText = None
    user_agent: PreparedText = None


@command
class RefreshToken(Command):
    """Rotate a refresh token. `generation` is its number, if its mac is ours."""

    refresh_token: Secret
    family_id: Annotated[UUID | None, PREPARED] = None
    generation: Annotated[int | None, PREPARED] = None
    client_address: PreparedText = None
    user_agent: PreparedText = None


@command
class LogOut(Command):
    """Revoke the caller's token family, or every one."""

    all_devices: bool = False


@command
class RequestPasswordReset(Command):
    """Send a reset token out of band; whether the address is known is not told."""

    email: Email
    secret: PreparedText = None


@command
class ResetPassword(Command):
    """Set a new password, with a reset token or with the current password."""

    new_password: Password
    token: Secret | None = None
    current_password: GivenPassword | None = None
    password_hash: PreparedText = None
    verdict: PreparedVerdict = None
    credentials_version: PreparedVersion = None


@command
class StepUp(Command):
    """Prove again who is there, with password or PIN.

    `venue_ids` is where an SOS of this person would go, whatever the PIN says (Rule 8).
    """

    password: GivenPassword | None = None
    pin: Pin | None = None
    venue_ids: Annotated[tuple[UUID, ...], PREPARED] = ()
    verdict: PreparedVerdict = None
    credentials_version: PreparedVersion = None


class Confirms(enum.StrEnum):
    """What a code of six digits is for."""

    EMAIL = "email"
    PHONE = "phone"


@command
class VerifyEmail(Command):
    """Confirm an e-mail address or telephone number with its code, or ask for a new one.

    The account is found by its address, whichever of them is confirmed.
    """

    email: Email
    confirms: Confirms = Confirms.EMAIL
    code: Annotated[str, text(max=6, pattern=r"[0-9]{6}", secret=True)] | None = None
    resend: bool = False
    new_code: PreparedText = None


@command
class ListAuthSessions(Command):
    """The caller's signed-in devices."""


@command
class RevokeAuthSession(Command):
    """Sign another device out."""

    auth_session_id: UUID


_ACCEPTED: Final = KeyRule.ACCEPTED

# fmt: off
OPERATIONS: Final = in_category(
    "Auth",
    Operation(
        RegisterUser, Role.PUBLIC, "POST /api/auth/register", identity("email"), SignedIn,
        summary="Create a patron account and sign it in.",
        status=201, key=_ACCEPTED, socket=False, rate=RateRule.GIVEN_BACK,
        prepare=("hash_password", "mint_code", "note_client"),
        errors=(Code.EMAIL_TAKEN, Code.UNDER_MINIMUM_AGE),
    ),
    Operation(
        LogIn, Role.PUBLIC, "POST /api/auth/login", identity("email"), SignedIn,
        summary="Exchange e-mail address and password for an access and a refresh token.",
        socket=False, rate=RateRule.GIVEN_BACK, prepare=("verify_password", "note_client"),
        errors=(Code.INVALID_CREDENTIALS, Code.ACCOUNT_SUSPENDED, Code.LOGIN_LOCKED),
    ),
    Operation(
        RefreshToken, Role.PUBLIC, "POST /api/auth/refresh", family("refresh_token"),
        TokensRefreshed,
        summary="Rotate a refresh token; a replay of an old one revokes its whole family.",
        socket=False, rate=RateRule.FAMILY, prepare=("verify_refresh_token", "note_client"),
        errors=(Code.REFRESH_INVALID, Code.REFRESH_REUSED), emits=("auth.session_revoked",),
    ),
    Operation(
        LogOut, Role.PATRON, "POST /api/auth/logout", own_account, None,
        summary="Revoke the current token family, or all of them.",
        status=204, key=_ACCEPTED, ended=True, emits=("auth.session_revoked",),
    ),
    Operation(
        RequestPasswordReset, Role.PUBLIC, "POST /api/auth/password/forgot", identity("email"),
        None,
        summary="Send a reset token if the address is known; the answer is the same if not.",
        status=202, key=_ACCEPTED, socket=False, prepare=("mint_secret",),
    ),
    Operation(
        ResetPassword, Role.PUBLIC, "POST /api/auth/password/reset", token("token"), None,
        summary="Set a new password with a reset token, or signed in with the current one.",
        status=204, key=_ACCEPTED, socket=False, prepare=("verify_password", "hash_password"),
        errors=(Code.INVALID_CREDENTIALS, Code.TOKEN_EXPIRED), emits=("auth.session_revoked",),
    ),
    Operation(
        StepUp, Role.STAFF, "POST /api/auth/step-up", own_account, Elevated,
        summary="Re-authenticate with password or PIN for a token elevated for five minutes.",
        socket=False, prepare=("verify_password",),
        errors=(Code.INVALID_CREDENTIALS, Code.LOGIN_LOCKED),
    ),
    Operation(
        VerifyEmail, Role.PUBLIC, "POST /api/auth/verify-email", identity("email"), EmailVerified,
        summary="Confirm an e-mail address or telephone number, or have a new code sent.",
        key=_ACCEPTED, socket=False, prepare=("mint_code",), errors=(Code.TOKEN_EXPIRED,),
    ),
    Operation(
        ListAuthSessions, Role.PATRON, "GET /api/auth/sessions", own_account, AuthSessions,
        summary="Own signed-in devices.",
    ),
    Operation(
        RevokeAuthSession, Role.PATRON, "DELETE /api/auth/sessions/{auth_session_id}", own_account,
        None,
        summary="Sign another device out.",
        status=204, key=_ACCEPTED, emits=("auth.session_revoked",),
    ),
)
# fmt: on
