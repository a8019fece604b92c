"""The books of a payment provider in memory: what moved money there, and when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import attrs

from lastlight.integrations.payments import PaymentAsk, ProviderEntry

Kind = Literal["charge", "refund", "dispute"]


@attrs.define(eq=False, kw_only=True)
class Intent:
    """A payment intent, in the provider's words."""

    id: str
    ask: PaymentAsk
    status: str = "requires_payment_method"
    failure_code: str | None = None
    refunded_minor: int = 0


@attrs.define(eq=False)
class EntryBook:
    """Entries in the order in which they were booked."""

    entries: list[ProviderEntry] = attrs.field(factory=list)

    def book(
        self,
        kind: Kind,
        id_: str,
        ask: PaymentAsk,
        provider_payment_id: str,
        amount_minor: int,
        our_id: UUID | None,
        at: datetime,
    ) -> None:
        """Note what moved, once for each id; a charge has along what was given with its payment."""
        if any(one.provider_id == id_ for one in self.entries):
            return
        charged = kind == "charge"
        venue_id = ask.metadata.get("venue_id")
        entry = ProviderEntry(
            kind=kind,
            provider_id=id_,
            provider_payment_id=provider_payment_id,
            our_id=ask.payment_id if charged else our_id,
            venue_id=UUID(venue_id) if charged and venue_id is not None else None,
            amount_minor=amount_minor,
            currency=ask.currency,
            fee_minor=0,
            at=at.replace(microsecond=0),
        )
        self.entries.append(entry)

    def between(
        self, since: datetime, until: datetime, *, without: Collection[str]
    ) -> Sequence[ProviderEntry]:
        """What moved from `since` until before `until`."""
        return [
            one
            for one in self.entries
            if since <= one.at < until and one.provider_id not in without
        ]
