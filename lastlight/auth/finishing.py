"""From what tokens are due to the tokens: made after the actor's answer, and stored nowhere.

The stored answer of a repeated request is finished as the first was. Its access token counts from
the time of the decision, so a repeat opens nothing that has been closed since; the refresh token is
the same one, and the account knows whether it is still good.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs
import msgspec

from actors.runtime.answers import Answer
from lastlight.auth.refresh import RefreshTokens
from lastlight.auth.tokens import Grant, Tokens
from lastlight.gateway.calls import Call
from protocol.addresses import Role
from protocol.codec import to_json
from protocol.internal.people import TokensDue
from protocol.limits import ACCESS_TOKEN_S
from protocol.replies.auth import Elevated, SignedIn, SignedInUser, TokensRefreshed
from protocol.values import RoleGrant

EVERYWHERE = "*"
"""Stands for every venue among role grants."""


@attrs.frozen(kw_only=True, eq=False)
class Finisher:
    """Makes what a client is told of what an actor said."""

    tokens: Tokens
    refresh_tokens: RefreshTokens
    now: Callable[[], datetime]

    def finish(self, call: Call, answer: Answer) -> Answer:
        """The answer for the client: with tokens if they are due, without a body if it has none."""
        reply = call.operation.reply
        if answer.refusal is not None:
            return answer
        if reply is None:
            return attrs.evolve(answer, body=b"")
        make = {
            SignedIn: self.signed_in,
            TokensRefreshed: self.refreshed,
            Elevated: self.elevated,
        }.get(reply)
        if make is None:
            return answer
        due = msgspec.json.decode(answer.body, type=TokensDue)
        passed_s = int((self.now() - due.at).total_seconds()) if answer.replayed else 0
        expires_in = min(max(0, ACCESS_TOKEN_S - passed_s), ACCESS_TOKEN_S)
        return attrs.evolve(answer, body=to_json(make(due, expires_in)))

    def signed_in(self, due: TokensDue, expires_in: int) -> SignedIn:
        """The answer to a login or registration."""
        return SignedIn(
            access_token=self._access(due),
            refresh_token=self.refresh_tokens.make(due.family_id, due.generation),
            expires_in=expires_in,
            user=SignedInUser(
                user_id=due.user_id,
                display_name=due.display_name,
                roles=tuple(
                    RoleGrant(
                        venue_id=None if where == EVERYWHERE else UUID(where), role=Role.of(role)
                    )
                    for where, role in due.role_grants.items()
                ),
            ),
        )

    def refreshed(self, due: TokensDue, expires_in: int) -> TokensRefreshed:
        """The answer to a refresh."""
        return TokensRefreshed(
            access_token=self._access(due),
            refresh_token=self.refresh_tokens.make(due.family_id, due.generation),
            expires_in=expires_in,
        )

    def elevated(self, due: TokensDue, expires_in: int) -> Elevated:
        """The answer to a step-up."""
        assert due.elevated_until is not None, "a step-up elevates"
        return Elevated(
            access_token=self._access(due),
            expires_in=expires_in,
            elevated_until=due.elevated_until,
        )

    def _access(self, due: TokensDue) -> str:
        return self.tokens.issue(grant_of(due), now=due.at)


def grant_of(due: TokensDue) -> Grant:
    """What an access token says; a role somewhere never counts elsewhere (Rule 15)."""
    roles = {where: Role.of(role) for where, role in due.role_grants.items()}
    return Grant(
        user_id=due.user_id,
        display_name=due.display_name,
        roles={UUID(where): role for where, role in roles.items() if where != EVERYWHERE},
        everywhere=roles.get(EVERYWHERE, Role.PATRON),
        token_version=due.token_version,
        family_id=due.family_id,
        elevated_until=due.elevated_until,
    )
