"""Adds who is connected to what the tables know of people on duty, from memory, at the moment.

A row of the database can't tell: a connection is lost without anybody writing it down.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from actors.rules.profile import VenueProfile
from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.gateway.calls import Call
from lastlight.realtime.presence import Presence
from protocol.addresses import ActorKind, Address
from protocol.codec import encode
from protocol.records.states import ShiftStatus

Own = Callable[[Call], Awaitable[Answer]]
_ON_DUTY: Final = (ShiftStatus.OPEN.value, ShiftStatus.ON_BREAK.value)


@attrs.frozen(eq=False)
class Presences:
    """Answers the queries whose replies tell of people on duty."""

    presence: Presence
    node: Node

    def over(self, queries: Mapping[str, Own]) -> dict[str, Own]:
        """The same queries, with presence where replies have a place for it."""
        return {
            **queries,
            "shifts": self._with(queries["shifts"], self._mark_shifts),
            "dashboard": self._with(queries["dashboard"], self._count_connected),
        }

    def connected_on_duty(self, venue_id: UUID) -> frozenset[UUID]:
        """Who is on duty at a venue and has a connection."""
        profile = self.node.shared(Address(ActorKind.VENUE, venue_id))
        on_duty = profile.on_duty if isinstance(profile, VenueProfile) else frozenset()
        return frozenset(who for who in on_duty if self.presence.of(who).connected)

    def _with(self, query: Own, mark: Callable[[dict[str, Any]], None]) -> Own:
        async def answer(call: Call) -> Answer:
            found = await query(call)
            assert found.refusal is None, "queries raise"
            body = msgspec.json.decode(found.body)
            mark(body)
            return attrs.evolve(found, body=msgspec.json.encode(body))

        return answer

    def _mark_shifts(self, body: dict[str, Any]) -> None:
        for shift in body["items"]:
            if shift["status"] in _ON_DUTY:
                standing = self.presence.of(UUID(shift["staff_id"]))
                shift["connected"] = standing.connected
                shift["last_seen_at"] = encode(standing.last_seen_at)

    def _count_connected(self, body: dict[str, Any]) -> None:
        body["on_duty_connected"] = len(self.connected_on_duty(UUID(body["venue_id"])))
