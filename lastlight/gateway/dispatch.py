"""Performs a call: prepares it, takes it to its actor or query, and finishes the answer.

The one path for all ways in. What an actor decides comes back as it is; what could not be asked
comes as a `LastLightError` whose refusal says what is known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs
import msgspec
import structlog

from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Step
from lastlight.gateway.finding import duty_venues, find_address, present_venue
from lastlight.gateway.guard import Guard
from lastlight.gateway.readings import note_reading
from lastlight.gateway.urgent import TAKEN_WITHIN_S, UrgentLane
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, LastLightError
from protocol.limits import COMMAND_DEADLINE_S
from protocol.operations.safety import (
    BroadcastEmergency,
    RaiseSos,
    RequestHelp,
    RespondSos,
)

log = structlog.get_logger(__name__)
Own = Callable[[Call], Awaitable[Answer]]
Finish = Callable[[Call, Answer], Answer]
_OF_ANOTHER_PRESS: Final = (Code.IDEMPOTENCY_IN_PROGRESS, Code.IDEMPOTENCY_KEY_REUSED)


@attrs.frozen(kw_only=True)
class Dispatcher:
    """What a call needs to be performed.

    `steps` are the named steps before the mailbox, `own` the operations that the gateway answers
    by itself, `queries` those of the read side, `finish` what makes tokens of what an actor said.
    """

    node: Node
    guard: Guard
    urgent: UrgentLane
    steps: Mapping[str, Step]
    own: Mapping[str, Own]
    queries: Mapping[str, Own]
    finish: Finish

    async def perform(self, call: Call) -> Answer:
        """Perform a call.

        Raises:
            LastLightError: no actor decided; its refusal says what is known.
        """
        self.guard.refuse_venue(call)
        for name in call.operation.prepare:
            call = await self.steps[name](call)
        operation = call.operation
        if operation.by_gateway:
            answer = await self.own[operation.name](call)
            await note_reading(self.node, call, answer)
            return answer
        if operation.query is not None:
            answer = await self.queries[operation.query](call)
            await note_reading(self.node, call, answer)
            return answer
        if operation.emergency:
            return await self._emergency(call)
        address = await find_address(self.node, call, operation.address)
        for rule in operation.warm:
            await self.node.activate(await find_address(self.node, call, rule))
        answer = await self._ask(call, address, COMMAND_DEADLINE_S)
        return self.finish(call, answer)

    async def _ask(self, call: Call, address: Address, deadline_s: float) -> Answer:
        return await self.node.ask(
            address,
            call.command,
            principal=call.principal,
            status=call.operation.status,
            scope=call.scope,
            expected_version=call.expected_version,
            provenance=call.provenance,
            deadline_s=deadline_s,
        )

    async def _emergency(self, call: Call) -> Answer:
        """Whatever is the matter, an emergency is taken (Rule 8)."""
        venues = await self._venues_of(call)
        try:
            answer = await self._ask(call, venues[0], TAKEN_WITHIN_S)
        except LastLightError as error:
            if not isinstance(call.command, RaiseSos | RequestHelp):
                raise
            log.error("sos_without_venue", venue=str(venues[0].id), reason=str(error))
            return self.urgent.take(call, venues)
        if isinstance(call.command, RaiseSos) and _is_news(answer):
            self.urgent.leave_others(call, venues[1:])
        return _with_dropped(answer, call.dropped)

    async def _venues_of(self, call: Call) -> list[Address]:
        if call.scope is not None and (before := self.node.venues(knowing=call.scope)):
            # Whoever asks again by the same key may be elsewhere by now; the call is where it was.
            return list(before)
        command = call.command
        if isinstance(command, RespondSos):
            try:
                owner = await self.node.owner_of("incidents", command.incident_id)
            except LastLightError:
                owner = None
            # An acknowledgement of an incident that nobody knows opens it again at the venue.
            return [owner] if owner is not None else duty_venues(self.node, call.signed_in, None)
        if isinstance(command, RequestHelp):
            return [await present_venue(self.node, call.signed_in, command.venue_id)]
        if isinstance(command, BroadcastEmergency):
            return [Address(ActorKind.VENUE, command.venue_id)]
        venue_id = getattr(command, "venue_id", None)
        return duty_venues(self.node, call.signed_in, venue_id)


def _is_news(answer: Answer) -> bool:
    """Whether this press was heard for the first time, whatever its venue said to it."""
    return not answer.replayed and (
        answer.refusal is None or answer.refusal.code not in _OF_ANOTHER_PRESS
    )


def _with_dropped(answer: Answer, dropped: tuple[str, ...]) -> Answer:
    """Name in the answer what was left out of the command."""
    if not dropped or answer.refusal is not None:
        return answer
    body = {**msgspec.json.decode(answer.body), "dropped": dropped}
    return attrs.evolve(answer, body=msgspec.json.encode(body))
