"""The provider's way in, and the owner's way to have an event applied again (Rule 11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

import attrs

from actors.runtime.answers import Answer
from lastlight.gateway.calls import Call, Refused
from lastlight.integrations.inbox import Applier
from lastlight.integrations.payments import PaymentProvider
from lastlight.integrations.stripe_events import parse
from lastlight.integrations.stripe_signature import refuse_signature
from protocol.codec import to_json
from protocol.errors import Code, LastLightError, Refusal
from protocol.limits import STRIPE_EVENT_BYTES_MAX
from protocol.operations.payments import ReplayStripeEvent
from protocol.records.payments import StripeEvent
from protocol.replies.payments import EventTaken, EventView

TAKEN: Final = "taken"
Own = Callable[[Call], Awaitable[Answer]]


@attrs.frozen(kw_only=True, eq=False)
class Webhooks:
    """Takes events. Without a secret every signature is invalid."""

    applier: Applier
    provider: PaymentProvider
    secrets: tuple[str, ...] = attrs.field(repr=False)
    now: Callable[[], datetime]
    count: Callable[[str], None]
    """Told `taken`, or the code with which an event was refused."""

    def answers(self) -> Mapping[str, Own]:
        """By the name of the command."""
        return {"ReceiveStripeEvent": self.receive, "ReplayStripeEvent": self.replay}

    async def receive(self, call: Call) -> Answer:
        """Keep the event and say so; it is applied after this answer.

        Raises:
            Refused: it is too long, or not the provider's.
            LastLightError: it can't be kept now; the provider sends it again.
        """
        try:
            await self._take(call)
        except LastLightError as error:
            self.count(error.refusal().code.value)
            raise
        self.count(TAKEN)
        return Answer(status=call.operation.status, body=to_json(EventTaken()))

    async def _take(self, call: Call) -> None:
        body = call.raw_body
        if len(body) > STRIPE_EVENT_BYTES_MAX:
            raise Refused(
                Refusal(
                    Code.PAYLOAD_TOO_LARGE,
                    f"an event may have at most {STRIPE_EVENT_BYTES_MAX} bytes",
                )
            )
        refusal = refuse_signature(
            call.signature, body, secrets=self.secrets, now_s=self.now().timestamp()
        )
        if refusal is not None:
            raise Refused(refusal)
        payload = parse(body)
        kept = None if payload is None else await self.applier.keep(payload)
        if kept is None:
            raise Refused(Refusal(Code.MALFORMED_REQUEST, "this is signed, but no event"))

    async def replay(self, call: Call) -> Answer:
        """Apply an event again, fetched from the provider if it is not here.

        Raises:
            Refused: nobody knows it; 404.
            LastLightError: the provider or the inbox can't be asked.
        """
        command = call.command
        assert isinstance(command, ReplayStripeEvent)
        event = await self.applier.inbox.get(command.event_id)
        if event is None or event.payload is None:
            event = await self._fetched(command.event_id)
        marked = await self.applier.apply(event)
        return Answer(status=call.operation.status, body=to_json(event_view(marked)))

    async def _fetched(self, event_id: str) -> StripeEvent:
        payload = await self.provider.event(event_id) if self.provider.on else None
        event = None if payload is None else await self.applier.keep(payload)
        if event is None:
            raise Refused(Refusal(Code.NOT_FOUND, f"there is no event {event_id}"))
        return event


def event_view(event: StripeEvent) -> EventView:
    """How far an event is, without what is in it."""
    return EventView(
        event_id=event.event_id,
        type=event.type,
        object_id=event.object_id,
        status=event.status,
        tries=event.tries,
        next_try_at=event.next_try_at,
        error=event.error,
    )
