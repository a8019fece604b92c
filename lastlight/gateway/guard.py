"""Who may come in: the token, the pace, the role. What a venue knows better, it decides itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from actors.rules.permissions import not_found, refuse_route, refuse_unelevated
from lastlight.auth.ratelimit import Caller as Counter
from lastlight.auth.ratelimit import RateLimits, by_address, by_family, by_user
from lastlight.auth.refresh import RefreshTokens
from lastlight.auth.revocations import Revocations
from lastlight.auth.tokens import Tokens
from lastlight.gateway.calls import Call, Refused
from protocol.addresses import Principal, Role
from protocol.commands import Command
from protocol.errors import Code, LastLightError, Refusal
from protocol.operations.base import Operation, RateRule

_SCHEME = "bearer"


class Guard:
    """Checks tokens against keys and revocations, and requests against limits and roles."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        refresh_tokens: RefreshTokens,
        revocations: Revocations,
        rate_limits: RateLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._revocations = revocations
        self._rate_limits = rate_limits
        self._now = now

    def authenticate(self, token: str) -> Principal:
        """The person whom an access token proves.

        Raises:
            TokenInvalid: it proves nobody, or not any more; 401.
        """
        principal = self._tokens.verify(token, now=self._now())
        self._revocations.check(principal)
        return principal

    def principal_of(self, authorization: str | None, operation: Operation) -> Principal | None:
        """The person behind an `Authorization` header; on public routes nobody is needed.

        Raises:
            LastLightError: nobody is proven, and somebody is needed; 401.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != _SCHEME or not token.strip():
            if operation.least is Role.PUBLIC:
                return None
            raise Refused(
                Refusal(Code.UNAUTHENTICATED, "send an access token as Authorization: Bearer …")
            )
        try:
            if operation.ended:
                return self._tokens.verify(token.strip(), now=self._now())
            return self.authenticate(token.strip())
        except LastLightError:
            if operation.least is Role.PUBLIC:
                return None
            raise

    def refuse_ended(self, principal: Principal) -> None:
        """Turn away who was let in by a token that was revoked since.

        Raises:
            TokenInvalid: 401.
        """
        self._revocations.check(principal)

    def refuse_role(self, principal: Principal | None, operation: Operation) -> None:
        """Turn away who has the role nowhere, or must prove again who they are.

        Raises:
            Refused: 403.
        """
        if operation.least is Role.PUBLIC:
            return
        assert principal is not None
        refusal = refuse_route(principal, operation.least)
        if refusal is None and operation.step_up:
            refusal = refuse_unelevated(principal, self._now())
        if refusal is not None:
            raise Refused(refusal)

    def refuse_venue(self, call: Call) -> None:
        """Hide other venues from those whose role counts elsewhere (Rule 15).

        Raises:
            Refused: 404.
        """
        venue_id = getattr(call.command, "venue_id", None)
        if call.operation.least <= Role.PATRON or not isinstance(venue_id, UUID):
            return
        if call.operation.emergency or call.signed_in.role_at(venue_id) >= call.operation.least:
            return
        raise Refused(not_found(f"venue {venue_id}"))

    def counter_of(
        self, operation: Operation, principal: Principal | None, client: str
    ) -> Counter | None:
        """What a request counts against; None if it is exempt, or its family is not known yet."""
        match operation.rate:
            case RateRule.EXEMPT | RateRule.FAMILY:
                return None
            case _ if principal is not None:
                return by_user(principal.user_id)
        return by_address(client)

    def take(self, counter: Counter | None) -> None:
        """Count a request.

        Raises:
            RateLimited: 429; it is not counted.
        """
        if counter is not None:
            self._rate_limits.take(counter)

    def take_family(self, command: Command, client: str) -> None:
        """Count a refresh against the family of its token, or what is none against the address.

        Raises:
            RateLimited: 429.
        """
        try:
            family_id, _ = self._refresh_tokens.read(getattr(command, "refresh_token", ""))
        except LastLightError:
            self._rate_limits.take(by_address(client))
        else:
            self._rate_limits.take(by_family(family_id))

    def give_back(self, counter: Counter | None) -> None:
        """Uncount a log-in or registration that succeeded."""
        if counter is not None:
            self._rate_limits.give_back(counter)
