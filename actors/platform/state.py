"""What the platform actor knows: who is owner at every venue."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from actors.runtime.state import State
from protocol.addresses import Address
from protocol.records.base import Record
from protocol.records.users import UserRole


class PlatformState(State):
    """Roles without a venue, of which the living ones count."""

    __slots__ = ("_owners",)

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._owners: dict[UUID, UserRole] = {}

    @property
    def owners(self) -> Mapping[UUID, UserRole]:
        """The living role of each owner, by user."""
        return self._owners

    def on_put(self, before: Record | None, after: Record) -> None:
        """Keep the index of owners."""
        if not isinstance(after, UserRole):
            return
        if after.revoked_at is None:
            self._owners[after.user_id] = after
        elif (known := self._owners.get(after.user_id)) is not None and known.id == after.id:
            del self._owners[after.user_id]
