"""Whose is it? Finds the actor that owns a child which a path names by its id alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from actors.runtime.ports import Loader
from protocol.addresses import ActorKind, Address
from protocol.limits import DIRECTORY_CHILDREN_MAX
from protocol.records.base import Record

OWNERS: Final[Mapping[str, tuple[ActorKind, str]]] = {
    "incidents": (ActorKind.VENUE, "venue_id"),
    "tills": (ActorKind.STAFF, "staff_id"),
    "transactions": (ActorKind.ACCOUNT, "user_id"),
    "credit_holds": (ActorKind.ACCOUNT, "user_id"),
    "refunds": (ActorKind.ACCOUNT, "user_id"),
    "payments": (ActorKind.ACCOUNT, "user_id"),
    "payment_methods": (ActorKind.ACCOUNT, "user_id"),
    "exclusions": (ActorKind.ACCOUNT, "user_id"),
    "sessions_auth": (ActorKind.ACCOUNT, "user_id"),
    "auth_tokens": (ActorKind.ACCOUNT, "user_id"),
    "games": (ActorKind.VENUE, "venue_id"),
    "karaoke_rooms": (ActorKind.VENUE, "venue_id"),
    "menu_items": (ActorKind.VENUE, "venue_id"),
    "staff_tasks": (ActorKind.VENUE, "venue_id"),
    "shift_handovers": (ActorKind.VENUE, "venue_id"),
    "reservations": (ActorKind.VENUE, "venue_id"),
    "broadcasts": (ActorKind.VENUE, "venue_id"),
    "interventions": (ActorKind.SESSION, "session_id"),
    "safety_checks": (ActorKind.SESSION, "session_id"),
}
"""For each table whose rows are named in paths: the kind of its owner and the owner's column."""


class Directory:
    """Owners of children: noted as they are loaded and written, else asked of the database.

    Bounded: what is dropped is found by the query, except rows that are not flushed yet; those
    are noted last and so dropped last.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._owners: OrderedDict[tuple[str, UUID], Address] = OrderedDict()

    def note(self, record: Record) -> None:
        """A row was loaded or written."""
        table = record.table.name
        owner = OWNERS.get(table)
        if owner is None:
            return
        kind, column = owner
        if (id_ := getattr(record, column)) is not None:
            self._put((table, record.primary_key[0]), Address(kind, id_))

    async def owner_of(self, table: str, child: UUID) -> Address | None:
        """The owner of a child, or None if there is no such child.

        Raises:
            LastLightError: the database is away and the child is not known here.
        """
        if (known := self._owners.get((table, child))) is not None:
            return known
        found = await self._loader.owner_of(table, child)
        if found is not None:
            self._put((table, child), found)
        return found

    def _put(self, key: tuple[str, UUID], owner: Address) -> None:
        known = len(self._owners)
        self._owners[key] = owner
        if len(self._owners) == known:
            # What is new stands last anyway, and each look at a key hashes an id in Python.
            self._owners.move_to_end(key)
        elif known >= DIRECTORY_CHILDREN_MAX:
            self._owners.popitem(last=False)
