"""Who somebody is: what identity, account and venue tell one another, and ask for the gateway.

Answers to the asking commands here stay inside the node; they hold hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.auth import (
    LogIn,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    VerifyEmail,
)
from protocol.replies.base import reply


@command
class FindUser(Command):
    """Gateway → identity: who signs in with this address? Answers UserFound or 404."""


@reply
class UserFound:
    """Answer of FindUser."""

    user_id: UUID


@command
class ReadCredentials(Command):
    """Gateway → account: what a password or PIN is checked against. Answers Credentials."""


@reply
class Credentials:
    """Answer of ReadCredentials.

    `credentials_version` says which state it was read from; see `actors.rules.credentials`.
    """

    user_id: UUID
    password_hash: str | None
    pin_hash: str | None
    duress_pin_hash: str | None
    credentials_version: int


@reply
class TokensDue:
    """What tokens are to be made of; the gateway makes them, so that no secret is stored.

    They count from `at`, so the stored answer of a repeated request opens nothing later.
    """

    user_id: UUID
    display_name: str
    role_grants: Mapping[str, str]
    token_version: int
    family_id: UUID
    generation: int
    at: datetime
    elevated_until: datetime | None = None


@command
class FoundAccount(Command):
    """Identity → account: a new patron account (fresh). Refused by age; then the identity frees."""

    user_id: UUID
    request: RegisterUser


@command
class CancelFounding(Command):
    """Undo of FoundAccount at the account: nobody was told of it, so it never was."""


@command
class AccountFounded(Command):
    """Account → identity: answer the registration."""

    answer: TokensDue


@command
class FreeIdentity(Command):
    """Undo of taking the address at the identity."""


@command
class SignIn(Command):
    """Identity → account: the password was checked; count or open a token family."""

    request: LogIn


@command
class SignedInAs(Command):
    """Account → identity: answer the login."""

    answer: TokensDue


@command
class StartReset(Command):
    """Identity → account: make a reset token and have it sent."""

    request: RequestPasswordReset


@command
class ApplyReset(Command):
    """Identity → account: set the new password if the token is good."""

    request: ResetPassword


@command
class ApplyVerification(Command):
    """Identity → account: confirm the address, or have a new code sent."""

    request: VerifyEmail


@command
class PasswordSet(Command):
    """Account → identity: answer the reset."""


@command
class EmailConfirmed(Command):
    """Account → identity: answer that the address is confirmed."""


@command
class SetOwner(Command):
    """→ platform: give or take the role of owner at every venue."""

    user_id: UUID
    holds: bool


@command
class RolesChanged(Command):
    """Venue or platform → account: the highest role that somebody holds there from now on.

    In a saga the account answers with RolesTaken; `expected_version` is what the caller saw of it.
    """

    venue_id: UUID | None
    role: str | None
    expected_version: int | None = None


@command
class SendNotice(Command):
    """→ outside: a message to a person by mail, push or SMS; `secret` goes nowhere else."""

    user_id: UUID
    kind: str
    email: str | None
    subject: str
    text: str
    secret: str | None = None
    phone: str | None = None
    """Where it goes in place of the address."""
