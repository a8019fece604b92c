"""Everything of card payments that a gateway is put together from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import attrs

from actors.runtime.node import Node
from lastlight.integrations.inbox import Applier, EventInbox
from lastlight.integrations.payment_steps import PaymentSteps
from lastlight.integrations.payments import PaymentProvider, PaymentsOff
from lastlight.integrations.reconciling import OurBooks, Reconciler
from lastlight.integrations.webhooks import Webhooks
from protocol.addresses import Position


@attrs.frozen(kw_only=True, eq=False)
class Cards:
    """The steps before the mailbox, the provider's way in, who applies what came by it, and who
    compares the books.

    `applier.run` must be running, or events are kept and not applied.
    """

    steps: PaymentSteps
    webhooks: Webhooks
    applier: Applier
    reconciler: Reconciler


@asynccontextmanager
async def open_provider(api_key: str | None, api_base: str) -> AsyncIterator[PaymentProvider]:
    """The provider behind a key; without one, none."""
    if api_key is None:
        yield PaymentsOff()
        return
    # Nodes that take no cards need neither its library nor the memory that this takes.
    from lastlight.integrations.stripe_payments import open_stripe_payments  # noqa: PLC0415

    async with open_stripe_payments(api_key, api_base) as provider:
        yield provider


def make_cards(
    *,
    node: Node,
    provider: PaymentProvider,
    inbox: EventInbox,
    books: OurBooks,
    durable: Callable[[], Position],
    webhook_secrets: tuple[str, ...],
    now: Callable[[], datetime],
    count: Callable[[str], None],
) -> Cards:
    """Put them together; `count` is told what became of each event that is sent here."""
    applier = Applier(node=node, inbox=inbox, now=now)
    return Cards(
        steps=PaymentSteps(node=node, provider=provider, now=now),
        webhooks=Webhooks(
            applier=applier, provider=provider, secrets=webhook_secrets, now=now, count=count
        ),
        applier=applier,
        reconciler=Reconciler(node=node, provider=provider, books=books, durable=durable, now=now),
    )
