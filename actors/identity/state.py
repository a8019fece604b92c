"""What an identity actor knows: who signs in with one e-mail address, if anybody does."""

from __future__ import annotations

from actors.runtime.state import State
from protocol.addresses import ActorKind, Address
from protocol.records.runtime import Identity


class IdentityState(State):
    """At most one row."""

    __slots__ = ()

    @property
    def identity(self) -> Identity | None:
        """Who signs in here, or None: nobody does."""
        return self.first(Identity)

    @property
    def account(self) -> Address | None:
        """The account of whoever signs in here."""
        identity = self.identity
        return None if identity is None else Address(ActorKind.ACCOUNT, identity.user_id)
