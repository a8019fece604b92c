"""The provider's events: taken, kept, and applied in their time (Rule 11).

An event is durable before the provider is told so, and applied afterwards: by the account, which
alone knows whether it is news. What is of nothing known here waits and is tried again in 1, 5 and
30 minutes, then hourly; after 72 hours the owners are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import attrs
import structlog
import trio

from actors.runtime.node import Node
from lastlight.integrations.stripe_events import (
    Told,
    ToldDispute,
    ToldPayment,
    ToldRefund,
    head_of,
    told_by,
)
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.errors import Code, LastLightError
from protocol.internal.payments import (
    ApplyDispute,
    ApplyPaymentResult,
    ApplyRefundResult,
    TellMismatch,
)
from protocol.records.money_states import StripeEventStatus
from protocol.records.payments import StripeEvent

log = structlog.get_logger(__name__)
RETRIES_AFTER: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
RETRY_HOURLY: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(hours=72)
AT_ONCE_MAX: Final = 50
"""Events of one look into the inbox."""
LOOKS_EVERY_S: Final = 15.0
"""Between two looks if nobody says that there is something."""


class EventInbox(Protocol):
    """Where events are kept. All methods raise LastLightError while that can't be asked."""

    async def keep(self, event: StripeEvent) -> bool:
        """Put an event in, durably; False if one of its id is there already."""
        ...

    async def due(self, now: datetime, most: int) -> Sequence[StripeEvent]:
        """Events to be applied by now, those that wait longest first."""
        ...

    async def get(self, event_id: str) -> StripeEvent | None:
        """One event."""
        ...

    async def mark(self, event: StripeEvent) -> None:
        """Note how far an event is: status, tries, next try and error."""
        ...

    async def payment_named(self, provider_id: str) -> UUID | None:
        """The payment that the provider calls so."""
        ...


@attrs.define(eq=False, kw_only=True)
class Applier:
    """Applies what is in the inbox. `run` does so for as long as the node lives."""

    node: Node
    inbox: EventInbox
    now: Callable[[], datetime]
    _news: trio.Event = attrs.field(factory=trio.Event)

    async def keep(self, payload: Mapping[str, Any]) -> StripeEvent | None:
        """Keep an event, to be applied at once; the one that is kept, or None if it is no event."""
        head = head_of(payload)
        if head is None:
            return None
        now = self.now()
        event = StripeEvent(
            event_id=head.event_id,
            type=head.type,
            object_id=head.object_id,
            created_at=head.created_at,
            received_at=now,
            payload=payload,
            status=StripeEventStatus.RECEIVED,
            next_try_at=now,
        )
        if await self.inbox.keep(event):
            self._news.set()
        return event

    async def run(self) -> None:
        """Apply what is due, again and again."""
        await self.node.wait_ready()
        while True:
            self._news = trio.Event()
            try:
                due = await self.inbox.due(self.now(), AT_ONCE_MAX)
                for event in due:
                    await self.apply(event)
            except LastLightError as error:
                log.warning("inbox_waits", reason=str(error))
                due = ()
            if len(due) < AT_ONCE_MAX:
                with trio.move_on_after(LOOKS_EVERY_S):
                    await self._news.wait()

    async def apply(self, event: StripeEvent) -> StripeEvent:
        """Apply one event, whatever it is; returns it as it is marked.

        Raises:
            LastLightError: the inbox can't be asked; the event is as it was, and may be applied.
        """
        told = None if event.payload is None else told_by(event.payload)
        if told is None:
            marked = event.evolve(
                status=StripeEventStatus.IGNORED, next_try_at=None, error=None, tries=event.tries
            )
        else:
            marked = await self._apply_told(event, told)
        await self.inbox.mark(marked)
        log.info(
            "event_applied", event_id=event.event_id, type=event.type, status=marked.status.value
        )
        return marked

    async def _apply_told(self, event: StripeEvent, told: Told) -> StripeEvent:
        try:
            found = await self._addressed(told)
            if found is None:
                return await self._parked(event, told, "of nothing that is known here")
            answer = await self.node.ask(*found, principal=None)
        except LastLightError as error:
            # Nobody's fault but ours: it is not counted as a try.
            soon = self.now() + RETRIES_AFTER[0]
            return event.evolve(next_try_at=soon, error=str(error)[:500])
        if answer.refusal is None:
            return event.evolve(status=StripeEventStatus.APPLIED, next_try_at=None, error=None)
        if answer.refusal.code is Code.NOT_FOUND:
            return await self._parked(event, told, answer.refusal.detail)
        return await self._parked(event, told, str(answer.refusal.code.value))

    async def _addressed(self, told: Told) -> tuple[Address, Command] | None:
        """The account that an event is for, and what it is told."""
        match told:
            case ToldRefund(refund_id=UUID() as refund_id):
                owner = await self.node.owner_of("refunds", refund_id)
                command: Command = ApplyRefundResult(
                    refund_id=refund_id,
                    status=told.status,
                    provider_ref=told.provider_id,
                    failure_code=told.failure_code,
                )
                return None if owner is None else (owner, command)
            case ToldPayment():
                payment_id = told.payment_id or await self.inbox.payment_named(told.provider_id)
                owner = await self._payer(payment_id)
                if owner is None or payment_id is None:
                    return None
                return owner, ApplyPaymentResult(
                    payment_id=payment_id,
                    status=told.status,
                    provider_id=told.provider_id,
                    failure_code=told.failure_code,
                )
            case ToldDispute():
                payment_id = await self.inbox.payment_named(told.provider_payment_id)
                owner = await self._payer(payment_id)
                if owner is None or payment_id is None:
                    return None
                return owner, ApplyDispute(
                    payment_id=payment_id,
                    provider_id=told.provider_id,
                    outcome=told.outcome,
                    status=told.status,
                    amount_minor=told.amount_minor,
                    opened_at=told.opened_at,
                    evidence_due_at=told.evidence_due_at,
                )
        return None

    async def _payer(self, payment_id: UUID | None) -> Address | None:
        return None if payment_id is None else await self.node.owner_of("payments", payment_id)

    async def _parked(self, event: StripeEvent, told: Told, why: str) -> StripeEvent:
        """Not now: perhaps what it is of comes later. After 72 hours the owners are told."""
        now, tries = self.now(), event.tries + 1
        if now >= event.received_at + GIVEN_UP_AFTER:
            await self._tell_owners(event, told)
            return event.evolve(
                status=StripeEventStatus.PARKED,
                tries=tries,
                next_try_at=None,
                error=f"given up after 72 h: {why}"[:500],
            )
        wait = RETRIES_AFTER[tries - 1] if tries <= len(RETRIES_AFTER) else RETRY_HOURLY
        return event.evolve(
            status=StripeEventStatus.PARKED,
            tries=tries,
            next_try_at=now + wait,
            error=why[:500],
        )

    async def _tell_owners(self, event: StripeEvent, told: Told) -> None:
        """The owners of its venue if it names one, else those of every venue."""
        venue_id = told.venue_id if isinstance(told, ToldPayment) else None
        venues = self.node.venues()
        named = (
            [venue for venue in venues if venue == Address(ActorKind.VENUE, venue_id)]
            if (venue_id is not None)
            else []
        )
        command = TellMismatch(business_day=None, kind="parked_event", reference=event.event_id)
        for venue in named or venues:
            await self.node.ask(venue, command, principal=None)
