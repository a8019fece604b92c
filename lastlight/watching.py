"""Hears what actors write and tells those who must know at once: tokens, sockets, metrics.

A token that was revoked fails from the moment the actor decided so, before it is durable: should
the entry be lost, somebody has to sign in again, and nothing worse. The sockets of an ended login
are closed by the publisher, behind the event that tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from lastlight.auth.revocations import Bump, FamilyEnd, Revocations
from lastlight.process import Collector
from lastlight.realtime.hub import Hub
from protocol.addresses import Address
from protocol.records.base import Record
from protocol.records.users import AuthSession, User


@attrs.frozen(kw_only=True, eq=False)
class Watch:
    """See `actors.runtime.ports.Observer`."""

    revocations: Revocations
    hub: Hub
    collector: Collector
    now: Callable[[], datetime]

    def applied(self, address: Address, changes: Sequence[Record]) -> None:
        """Records as they now are in an actor's state, loaded or written."""
        for record in changes:
            if isinstance(record, AuthSession) and record.revoked_at is not None:
                self._end_family(record, record.revoked_at)
            elif isinstance(record, User):
                self._bump(record)

    def activated(self) -> None:
        """An actor was brought in; after some thousand they leave the collector's sight."""
        self.collector.activated()

    def _end_family(self, session: AuthSession, at: datetime) -> None:
        self.revocations.end_family(FamilyEnd(family_id=session.family_id, at=at), now=self.now())

    def _bump(self, user: User) -> None:
        if user.token_version > 1:
            now = self.now()
            bump = Bump(user_id=user.id, token_version=user.token_version, at=now)
            self.revocations.bump(bump, now=now)
            self.hub.revoke(
                lambda principal: (
                    principal.user_id == user.id and principal.token_version < user.token_version
                )
            )
