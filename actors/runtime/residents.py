"""Who is resident in a node: by address, by kind, and who of them is awake.

There may be a hundred thousand, so what is asked often is not found by looking at all of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from protocol.addresses import ActorKind, Address
from protocol.messages import KeyScope

if TYPE_CHECKING:
    from actors.runtime.actor import Actor

__all__ = ["Residents"]


@attrs.define(eq=False)
class Residents:
    """All activations of one generation."""

    by_address: dict[Address, Actor] = attrs.field(factory=dict)
    awake: set[Actor] = attrs.field(factory=set)
    """Those that are not parked: nobody else has messages waiting."""
    _by_kind: dict[ActorKind, dict[Address, None]] = attrs.field(
        factory=lambda: {kind: {} for kind in ActorKind}
    )

    def add(self, actor: Actor) -> None:
        """An actor was activated."""
        assert actor.address not in self.by_address, f"{actor.address} is resident already"
        self.by_address[actor.address] = actor
        self._by_kind[actor.address.kind][actor.address] = None
        self.awake.add(actor)

    def remove(self, actor: Actor) -> None:
        """An actor is gone; does nothing if it is not this one that is resident."""
        self.awake.discard(actor)
        if self.by_address.get(actor.address) is actor:
            del self.by_address[actor.address]
            del self._by_kind[actor.address.kind][actor.address]

    def find(self, address: Address) -> Actor | None:
        """The one at an address, or None."""
        return self.by_address.get(address)

    def of(self, kind: ActorKind) -> tuple[Address, ...]:
        """Those of a kind, in the order in which they came."""
        return tuple(self._by_kind[kind])

    def venues(self, knowing: KeyScope | None, now: datetime) -> tuple[Address, ...]:
        """All venues; or those of them that have taken this very request before (Rule 12)."""
        venues = self.of(ActorKind.VENUE)
        if knowing is None:
            return venues
        return tuple(one for one in venues if self.by_address[one].keys.knows(knowing, now))

    def counts(self) -> dict[str, int]:
        """How many there are, by the names of kinds of which there is one."""
        return {kind.value: len(those) for kind, those in self._by_kind.items() if those}

    def depths(self) -> list[int]:
        """How many messages wait, by mailbox that may have some."""
        return [actor.depth for actor in self.awake]
