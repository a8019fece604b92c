"""The nightly comparison of every charge, refund and dispute with the provider's books (Rule 11).

A closed day is compared once; one with findings again on the next nights, as a late webhook heals
much. Owners are told of each finding once. Nothing is corrected by it: what differs is looked at by
people, and moves money by the ways that money has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import attrs
import structlog

from actors.runtime.node import Node
from lastlight.integrations.comparing import (
    Comparison,
    Finding,
    Totals,
    compare,
    missing_remote,
)
from lastlight.integrations.payments import (
    PaymentProvider,
    ProviderEntry,
    ProviderRefused,
)
from protocol.addresses import ActorKind, Address, Position
from protocol.internal.payments import TellMismatch
from protocol.limits import RECONCILED_ASKED_MOST, RECONCILED_DAYS_AT_ONCE
from protocol.records.money_states import PaymentStatus
from protocol.records.values import Json
from storage.postgres.reconciling import OurEntry, TradingDay

log = structlog.get_logger(__name__)
KEPT_BACK: Final = timedelta(days=31)
"""How far back days are compared that were not, after a long time without a provider."""
HEALS_FOR: Final = timedelta(days=4)
"""The provider sends its events for three days."""
AGAIN_AFTER: Final = timedelta(hours=12)
MARGIN: Final = timedelta(hours=2)
"""Its clock and our posting differ by the way of a webhook."""
_PAID: Final = frozenset(
    {
        PaymentStatus.SUCCEEDED,
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.REFUNDED,
        PaymentStatus.DISPUTED,
        PaymentStatus.DISPUTE_WON,
        PaymentStatus.DISPUTE_LOST,
    }
)


class OurBooks(Protocol):
    """Our side, and where outcomes are kept. Methods raise LastLightError while it is away."""

    async def days_due(
        self, *, since: datetime, open_since: datetime, compared_before: datetime, most: int
    ) -> Sequence[TradingDay]:
        """Closed days that ended since `since` and were not compared, or were with findings before
        `compared_before` and ended since `open_since`."""
        ...

    async def entries(
        self,
        day: TradingDay,
        *,
        needed: Position,
        provider_ids: Sequence[str],
        our_ids: Sequence[UUID],
    ) -> Sequence[OurEntry]:
        """What our books have of a day, and what is named."""
        ...

    async def kept(self, day: TradingDay) -> Sequence[Json]:
        """What was found of a day before."""
        ...

    async def keep(
        self, day: TradingDay, *, at: datetime, totals: Json, findings: Sequence[Json]
    ) -> None:
        """Keep what was found, in place of what was found before."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Reconciler:
    """Compares days. Without a provider there is nothing to compare."""

    node: Node
    provider: PaymentProvider
    books: OurBooks
    durable: Callable[[], Position]
    now: Callable[[], datetime]

    async def reconcile(self) -> Json:
        """Compare the days that are due; what was done, for the operator.

        Raises:
            LastLightError: the provider or the database can't be asked now. What was compared is
                kept; the rest is due still, also where the provider refuses to show its books.
        """
        if not self.provider.on:
            return {"days": 0, "provider": "off"}
        now = self.now()
        days = await self.books.days_due(
            since=now - KEPT_BACK,
            open_since=now - HEALS_FOR,
            compared_before=now - AGAIN_AFTER,
            most=RECONCILED_DAYS_AT_ONCE,
        )
        findings = 0
        for done, day in enumerate(days):
            try:
                findings += len(await self.reconcile_day(day))
            except ProviderRefused as error:
                # It will say so again: a provider without lists by time, such as a local one.
                log.warning("provider_shows_no_books", reason=error.reason)
                return {"days": done, "findings": findings, "refused": error.reason}
        return {"days": len(days), "findings": findings}

    async def reconcile_day(self, day: TradingDay) -> Sequence[Finding]:
        """Compare one day, keep what is found, and tell the owners what they were not told yet."""
        theirs = await self.provider.entries(day.starts_at - MARGIN, day.ends_at + MARGIN)
        ours = await self.books.entries(
            day,
            needed=self.durable(),
            provider_ids=_names_in(theirs),
            our_ids=[one.our_id for one in theirs if one.our_id is not None],
        )
        found = compare(day, ours, theirs)
        findings = (*found.findings, *await self._not_there(found))
        known = {(one.get("kind"), one.get("reference")) for one in await self.books.kept(day)}
        for finding in findings:
            if (finding.kind, finding.reference) not in known:
                await self._tell(day, finding)
        await self.books.keep(
            day,
            at=self.now(),
            totals=_shown(found.totals),
            findings=[finding.shown() for finding in findings],
        )
        log.info(
            "day_reconciled",
            venue=str(day.venue_id),
            day=day.business_day.isoformat(),
            findings=len(findings),
        )
        return findings

    async def _not_there(self, found: Comparison) -> Sequence[Finding]:
        """Of ours that were not listed, those that the provider does not have at all."""
        missing: list[Finding] = []
        for n, entry in enumerate(found.unseen):
            if n >= RECONCILED_ASKED_MOST or not await self._is_there(entry):
                missing.append(missing_remote(entry))
        return missing

    async def _is_there(self, entry: OurEntry) -> bool:
        if entry.provider_payment_id is None:
            return False
        try:
            payment = await self.provider.payment(entry.provider_payment_id)
        except ProviderRefused:
            return False
        if entry.kind == "refund":
            return payment.refunded_minor >= entry.amount_minor
        return payment.status in _PAID

    async def _tell(self, day: TradingDay, finding: Finding) -> None:
        venue = Address(ActorKind.VENUE, day.venue_id)
        told = TellMismatch(
            business_day=day.business_day,
            kind=finding.kind,
            reference=finding.reference,
            delta_minor=finding.delta_minor,
        )
        await self.node.ask(venue, told, principal=None)


def _names_in(entries: Sequence[ProviderEntry]) -> Sequence[str]:
    names = {one.provider_id for one in entries}
    names |= {one.provider_payment_id for one in entries if one.provider_payment_id is not None}
    return sorted(names)


def _shown(totals: Totals) -> Json:
    return attrs.asdict(totals)
