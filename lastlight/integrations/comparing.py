"""A day's cards in our books against the provider's: what is here only, there only, or differs.

Pure. Charges are ours by the ids that we gave along with them, refunds and disputes by the payment
that they are of; what else the provider's account is used for is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import attrs

from lastlight.integrations.payments import ProviderEntry
from protocol.records.values import Json
from storage.postgres.reconciling import OurEntry, TradingDay

MismatchKind = Literal["missing_local", "missing_remote", "amount_differs"]
_SIGN: Final = {"charge": 1, "refund": -1, "dispute": -1}
"""Which way it moves what the provider owes us."""


@attrs.frozen(kw_only=True)
class Finding:
    """Something that does not meet. `delta_minor` is what the provider has more than we have."""

    kind: MismatchKind
    what: Literal["charge", "refund", "dispute"]
    reference: str
    provider_payment_id: str | None
    ours_minor: int | None
    provider_minor: int | None

    @property
    def delta_minor(self) -> int:
        """Signed as money to the house."""
        return _SIGN[self.what] * ((self.provider_minor or 0) - (self.ours_minor or 0))

    def shown(self) -> Json:
        """As it is kept and shown."""
        return attrs.asdict(self)


@attrs.frozen(kw_only=True)
class Totals:
    """The provider's sums of a venue's day."""

    charges_minor: int = 0
    refunds_minor: int = 0
    disputes_minor: int = 0
    fees_minor: int = 0


@attrs.frozen(kw_only=True)
class Comparison:
    """What came of it. `unseen` are ours that the provider did not list: it may have them with
    another time, so it is asked for each."""

    totals: Totals
    findings: tuple[Finding, ...]
    unseen: tuple[OurEntry, ...]


def compare(
    day: TradingDay, ours: Sequence[OurEntry], theirs: Sequence[ProviderEntry]
) -> Comparison:
    """`ours` are those of the day and all that `theirs` name; `theirs` may be of a wider time."""
    by_name = {(one.kind, one.provider_id): one for one in ours if one.provider_id is not None}
    by_id = {(one.kind, one.id): one for one in ours}
    payments = {one.provider_id: one for one in ours if one.kind == "charge"}
    findings: list[Finding] = []
    counted: list[ProviderEntry] = []
    met: set[tuple[str, UUID]] = set()
    for entry in theirs:
        ours_of_it = by_name.get((entry.kind, entry.provider_id))
        if ours_of_it is None and entry.our_id is not None:
            ours_of_it = by_id.get((entry.kind, entry.our_id))
        if ours_of_it is not None:
            met.add((ours_of_it.kind, ours_of_it.id))
        if not (day.starts_at <= entry.at < day.ends_at):
            continue
        if _venue_of(entry, ours_of_it, payments) != day.venue_id:
            continue
        counted.append(entry)
        if (finding := _judged(entry, ours_of_it)) is not None:
            findings.append(finding)
    unseen = tuple(one for one in ours if one.of_day and (one.kind, one.id) not in met)
    return Comparison(totals=_totals(counted), findings=tuple(findings), unseen=unseen)


def missing_remote(entry: OurEntry) -> Finding:
    """Money in our books that the provider knows nothing of."""
    return Finding(
        kind="missing_remote",
        what=entry.kind,
        reference=entry.provider_id or str(entry.id),
        provider_payment_id=entry.provider_payment_id,
        ours_minor=entry.amount_minor,
        provider_minor=None,
    )


def _venue_of(
    entry: ProviderEntry, ours: OurEntry | None, payments: Mapping[str | None, OurEntry]
) -> UUID | None:
    if ours is not None:
        return ours.venue_id
    if entry.venue_id is not None:
        return entry.venue_id
    payment = payments.get(entry.provider_payment_id)
    return None if payment is None else payment.venue_id


def _judged(entry: ProviderEntry, ours: OurEntry | None) -> Finding | None:
    missing = ours is None or not ours.counts
    # A dispute takes here only what refunds have left of a payment.
    differs = ours is not None and (
        entry.amount_minor < ours.amount_minor
        if entry.kind == "dispute"
        else entry.amount_minor != ours.amount_minor
    )
    if not missing and not differs:
        return None
    return Finding(
        kind="missing_local" if missing else "amount_differs",
        what=entry.kind,
        reference=entry.provider_id,
        provider_payment_id=entry.provider_payment_id,
        ours_minor=None if ours is None or missing else ours.amount_minor,
        provider_minor=entry.amount_minor,
    )


def _totals(entries: Iterable[ProviderEntry]) -> Totals:
    sums = {"charge": 0, "refund": 0, "dispute": 0}
    fees_minor = 0
    for entry in entries:
        sums[entry.kind] += entry.amount_minor
        fees_minor += entry.fee_minor
    return Totals(
        charges_minor=sums["charge"],
        refunds_minor=sums["refund"],
        disputes_minor=sums["dispute"],
        fees_minor=fees_minor,
    )
