"""Hears what actors write and tells those who must know at once: tokens, sockets, metrics.

A token that was revoked fails from the moment the actor decided so, before it is durable. Should
the entry be lost, the node begins anew and knows what is durable: the token counts again, and
whoever was told nothing asks again with it. The sockets of an ended login are closed by the
publisher, behind the event that tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from lastlight.auth.finishing import EVERYWHERE
from lastlight.auth.revocations import Bump, FamilyEnd, Revocations
from lastlight.realtime.hub import Hub
from protocol.addresses import Address, Principal, Role
from protocol.records.base import Record
from protocol.records.states import UserStatus
from protocol.records.users import AuthSession, User


@attrs.frozen(kw_only=True, eq=False)
class Watch:
    """See `actors.runtime.ports.Observer`."""

    revocations: Revocations
    hub: Hub
    now: Callable[[], datetime]

    def applied(self, address: Address, changes: Sequence[Record]) -> None:
        """Records as they now are in an actor's state, loaded or written."""
        for record in changes:
            if isinstance(record, AuthSession) and record.revoked_at is not None:
                self._end_family(record, record.revoked_at)
            elif isinstance(record, User):
                self._bump(record)

    def _end_family(self, session: AuthSession, at: datetime) -> None:
        self.revocations.end_family(FamilyEnd(family_id=session.family_id, at=at), now=self.now())

    def _bump(self, user: User) -> None:
        """Tokens of before count no more; sockets lose at once what was taken, and gain nothing.

        What was given comes with a new token: the entry may still be lost.
        """
        if user.token_version <= 1:
            return
        now = self.now()
        bump = Bump(user_id=user.id, token_version=user.token_version, at=now)
        self.revocations.bump(bump, now=now)
        if not self.hub.count_of_user(user.id):
            return
        if user.status is UserStatus.ACTIVE:
            self.hub.recheck(user.id, lambda principal: _lessened(principal, user))
        else:
            self.hub.revoke_user(user.id)


def _lessened(principal: Principal, user: User) -> Principal:
    """Who somebody is with the roles that they had and still have, and no step-up."""
    if principal.token_version >= user.token_version:
        return principal
    held = {where: Role.of(role.value) for where, role in user.role_grants.items()}
    return attrs.evolve(
        principal,
        roles={
            venue: min(role, held.get(str(venue), Role.PATRON))
            for venue, role in principal.roles.items()
        },
        everywhere=min(principal.everywhere, held.get(EVERYWHERE, Role.PATRON)),
        token_version=user.token_version,
        elevated_until=None,
    )
