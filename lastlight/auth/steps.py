"""What signing in needs before the mailbox: hashes, codes, proofs, found outside of any decision.

Each step takes a call and gives it back with its prepared fields filled and its secrets blanked: no
password reaches an actor or the journal. A step takes as long for an unknown address as for a known
one, and refuses it alike.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import attrs
import msgspec

from actors.rules.checkin_code import read_token
from actors.rules.credentials import HOUR, SENT_PER_HOUR_MAX, refuse_sending
from actors.rules.password import LOGIN_FAILURES_MAX, LOGIN_WINDOW, refuse_login
from actors.rules.profile import VenueProfile
from actors.runtime.node import Node
from lastlight.auth.passwords import Passwords
from lastlight.auth.recent import Recent
from lastlight.auth.refresh import RefreshTokens
from lastlight.gateway.calls import Call, Refused, Step
from lastlight.gateway.finding import duty_venues
from protocol.addresses import ActorKind, Address, Principal, identity_of
from protocol.commands import Command
from protocol.errors import Code
from protocol.internal.people import Credentials, FindUser, ReadCredentials, UserFound
from protocol.limits import USER_AGENT_CHARS_MAX
from protocol.operations.auth import (
    LogIn,
    RefreshToken,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    StepUp,
    VerifyEmail,
)
from protocol.operations.sessions import CheckIn
from protocol.values import Verdict

SECRET_BYTES = 32
T = TypeVar("T")


def _failures() -> Recent:
    return Recent(window=LOGIN_WINDOW, each_max=LOGIN_FAILURES_MAX)


def _sendings() -> Recent:
    return Recent(window=HOUR, each_max=SENT_PER_HOUR_MAX)


@attrs.frozen(kw_only=True, eq=False)
class Steps:
    """The steps of signing in, and the one of the door code, with what they need."""

    node: Node
    passwords: Passwords
    refresh_tokens: RefreshTokens
    checkin_secret: bytes = attrs.field(repr=False)
    now: Callable[[], datetime]
    failures: Recent = attrs.field(factory=_failures)
    """Failed logins with addresses that nobody has."""
    resets: Recent = attrs.field(factory=_sendings)
    codes: Recent = attrs.field(factory=_sendings)
    """What was asked to be sent, to whatever address."""

    def by_name(self) -> Mapping[str, Step]:
        """The steps as rows of the operation table name them."""
        return {
            "verify_password": self.verify_password,
            "hash_password": self.hash_password,
            "mint_code": self.mint_code,
            "mint_secret": self.mint_secret,
            "verify_refresh_token": self.verify_refresh_token,
            "note_client": self.note_client,
            "verify_checkin_code": self.verify_checkin_code,
        }

    async def verify_password(self, call: Call) -> Call:
        """Check password or PIN, and say what it was and against what.

        Raises:
            Refused: 429, for an address that nobody has and that was tried too often.
            PasswordsBusy: too many wait to be checked; 503.
            LastLightError: the account can't be asked now.
        """
        match call.command:
            case LogIn() as command:
                return await self._verify_login(call, command)
            case ResetPassword() as command:
                return await self._verify_current(call, command)
            case StepUp() as command:
                return await self._verify_again(call, command)
        raise AssertionError(f"{call.operation.name} has no password to check")

    async def _verify_login(self, call: Call, command: LogIn) -> Call:
        identity = identity_of(command.email)
        found = await self._read(identity, FindUser(), UserFound)
        # An account that nobody has takes as long to be looked for as one that somebody has.
        known = await self._credentials(identity.id if found is None else found.user_id)
        stored = None if known is None else known.password_hash
        right = await self.passwords.verify(command.password, stored)
        if stored is None:
            self._count_stranger(identity.id)
        return _with(
            call,
            password="",
            verdict=Verdict.PASSWORD if right else Verdict.WRONG,
            credentials_version=None if known is None else known.credentials_version,
        )

    def _count_stranger(self, identity_id: UUID) -> None:
        now = self.now()
        if (refusal := refuse_login(self.failures.times(identity_id, now), now)) is not None:
            raise Refused(refusal)
        self.failures.note(identity_id, now)

    async def _verify_current(self, call: Call, command: ResetPassword) -> Call:
        given, blank = command.current_password, None
        if command.token is not None or given is None or call.principal is None:
            return _with(call, current_password=blank)
        known = await self._credentials(call.principal.user_id)
        stored = None if known is None else known.password_hash
        right = await self.passwords.verify(given, stored)
        return _with(
            call,
            current_password=blank,
            verdict=Verdict.PASSWORD if right else Verdict.WRONG,
            credentials_version=None if known is None else known.credentials_version,
        )

    async def _verify_again(self, call: Call, command: StepUp) -> Call:
        known = await self._credentials(call.signed_in.user_id)
        return _with(
            call,
            password=None,
            pin=None,
            verdict=await self._verdict(command, known),
            credentials_version=None if known is None else known.credentials_version,
            venue_ids=self._duty_venue_ids(call.signed_in),
        )

    async def _verdict(self, command: StepUp, known: Credentials | None) -> Verdict | None:
        if command.password is not None:
            stored = None if known is None else known.password_hash
            right = await self.passwords.verify(command.password, stored)
            return Verdict.PASSWORD if right else Verdict.WRONG
        if command.pin is None:
            return None
        pin_hash = None if known is None else known.pin_hash
        duress_hash = None if known is None else known.duress_pin_hash
        # Both, whatever the first says: someone with a watch must not see which PIN it was.
        is_pin = await self.passwords.verify(command.pin, pin_hash)
        is_duress = await self.passwords.verify(command.pin, duress_hash)
        if is_pin:
            return Verdict.PIN
        return Verdict.DURESS if is_duress else Verdict.WRONG

    def _duty_venue_ids(self, principal: Principal) -> tuple[UUID, ...]:
        try:
            return tuple(venue.id for venue in duty_venues(self.node, principal, None))
        except Refused:
            return ()

    async def hash_password(self, call: Call) -> Call:
        """Hash the new password; not for somebody whose proof was wrong.

        Raises:
            PasswordsBusy: too many wait; 503.
        """
        match call.command:
            case RegisterUser(password=password):
                return _with(call, password="", password_hash=await self.passwords.hash(password))
            case ResetPassword(verdict=Verdict.WRONG):
                return _with(call, new_password="")
            case ResetPassword(new_password=password):
                hashed = await self.passwords.hash(password)
                return _with(call, new_password="", password_hash=hashed)
        raise AssertionError(f"{call.operation.name} has no password to hash")

    async def mint_code(self, call: Call) -> Call:
        """Make a code of six digits.

        Raises:
            Refused: 429, if too many were asked for with this address, known or not.
        """
        code = f"{secrets.randbelow(10**6):06}"
        match call.command:
            case RegisterUser():
                return _with(call, code=code)
            case VerifyEmail(resend=True, email=email):
                self._pace(self.codes, email)
        return _with(call, new_code=code)

    async def mint_secret(self, call: Call) -> Call:
        """Make a token that sets a password; it begins with the identity that will know it.

        Raises:
            Refused: 429, if too many were asked for with this address, known or not.
        """
        assert isinstance(call.command, RequestPasswordReset)
        self._pace(self.resets, call.command.email)
        identity = identity_of(call.command.email)
        return _with(call, secret=f"{identity.id.hex}.{secrets.token_urlsafe(SECRET_BYTES)}")

    def _pace(self, asked: Recent, email: str) -> None:
        now, identity = self.now(), identity_of(email)
        if (refusal := refuse_sending(asked.times(identity.id, now), now)) is not None:
            raise Refused(refusal)
        asked.note(identity.id, now)

    async def verify_refresh_token(self, call: Call) -> Call:
        """Read the token's family and number.

        Raises:
            RefreshTokenInvalid: it was not made here; 401.
        """
        assert isinstance(call.command, RefreshToken)
        family_id, n = self.refresh_tokens.read(call.command.refresh_token)
        return _with(call, refresh_token="", family_id=family_id, generation=n)

    async def note_client(self, call: Call) -> Call:
        """Say where the request came from; what can't be stored of it is left out."""
        agent = call.caller.user_agent
        if agent is not None:
            agent = "".join(filter(str.isprintable, agent))[:USER_AGENT_CHARS_MAX] or None
        return _with(call, client_address=call.caller.client, user_agent=agent)

    async def verify_checkin_code(self, call: Call) -> Call:
        """Read when the door code was made, if it is one of ours and of this venue (Rule 6)."""
        assert isinstance(call.command, CheckIn)
        venue_id, qr_token = call.command.venue_id, call.command.qr_token
        profile = self.node.shared(Address(ActorKind.VENUE, venue_id))
        if qr_token is None or not isinstance(profile, VenueProfile):
            return call
        made_for = read_token(
            qr_token,
            venue_id=venue_id,
            step_s=profile.settings.code_step_s,
            secret=self.checkin_secret,
        )
        return _with(call, code_step_at=made_for)

    async def _credentials(self, user_id: UUID) -> Credentials | None:
        account = Address(ActorKind.ACCOUNT, user_id)
        return await self._read(account, ReadCredentials(), Credentials)

    async def _read(self, address: Address, command: Command, kind: type[T]) -> T | None:
        """What an actor tells, or None if nobody is there."""
        answer = await self.node.ask(address, command, principal=None)
        if answer.refusal is None:
            return msgspec.json.decode(answer.body, type=kind)
        if answer.refusal.code is Code.NOT_FOUND:
            return None
        raise Refused(answer.refusal)


def _with(call: Call, **prepared: Any) -> Call:
    return attrs.evolve(call, command=call.command.evolve(**prepared))
