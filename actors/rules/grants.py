"""Which lots of credit pay, in which order, and to which of them money goes back (Rule 9).

Lots and holds are only looked at; what is returned are the parts taken from or given to each lot,
as `HoldSource` values, so that hold, release, refund and ledger all speak of the same parts.
Bonus credits never pay for alcohol: that is a floor (Rule 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from protocol.errors import Code, Refusal
from protocol.evolving import evolve
from protocol.records.money import CreditGrant
from protocol.records.money_states import CreditSource
from protocol.records.values import HoldSource

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def burn_order(grants: Iterable[CreditGrant]) -> list[CreditGrant]:
    """Priority (lowest number first), earliest expiry, bonus before paid, oldest."""
    return sorted(
        grants,
        key=lambda grant: (
            grant.priority,
            grant.expires_at or _NEVER,
            grant.source is not CreditSource.BONUS,
            grant.created_at,
            grant.id,
        ),
    )


def is_spendable(grant: CreditGrant, now: datetime) -> bool:
    """Whether something is left of a lot and it has not expired; paid credit never does."""
    if grant.remaining_minor <= 0:
        return False
    expires = grant.expires_at is not None and grant.source is CreditSource.BONUS
    return not expires or grant.expires_at is None or now < grant.expires_at


def available_minor(grants: Iterable[CreditGrant], now: datetime) -> int:
    """What could be spent or held now, on anything but alcohol."""
    return sum(grant.remaining_minor for grant in grants if is_spendable(grant, now))


def take(
    grants: Iterable[CreditGrant],
    amount_minor: int,
    now: datetime,
    *,
    alcohol_minor: int = 0,
    paid_only: bool = False,
) -> tuple[HoldSource, ...] | Refusal:
    """The parts that pay `amount_minor`, in burn order; 402 if there is not enough.

    `alcohol_minor` of it is for alcohol and comes out of paid credit, whatever the order;
    `paid_only` takes all from paid credit (gifts and tips).
    """
    assert 0 <= alcohol_minor <= amount_minor
    left = {grant.id: grant.remaining_minor for grant in grants if is_spendable(grant, now)}
    order = [grant for grant in burn_order(grants) if grant.id in left]
    parts: dict[UUID, int] = {}

    def burn(wanted: int, *, paid: bool) -> int:
        for grant in order:
            if wanted > 0 and not (paid and grant.source is CreditSource.BONUS):
                used = min(left[grant.id], wanted)
                left[grant.id] -= used
                parts[grant.id] = parts.get(grant.id, 0) + used
                wanted -= used
        return wanted

    # Alcohol first: it has the fewer lots to choose from.
    missing = burn(alcohol_minor, paid=True)
    missing += burn(amount_minor - alcohol_minor, paid=paid_only)
    if missing:
        return Refusal(
            Code.INSUFFICIENT_CREDITS,
            f"{amount_minor} minor are needed and {missing} are missing"
            + (
                f"; {alcohol_minor} are for alcohol, which bonus never buys"
                if alcohol_minor
                else ""
            )
            + "; top up first",
            extra={"missing_minor": missing},
        )
    return tuple(_part(grant, parts[grant.id]) for grant in order if parts.get(grant.id))


def capture(
    sources: Sequence[HoldSource], amount_minor: int
) -> tuple[tuple[HoldSource, ...], tuple[HoldSource, ...]]:
    """What a capture takes of a hold's parts, in their order, and what stays held.

    Raises:
        ValueError: the hold is smaller.
    """
    taken, rest = [], []
    wanted = amount_minor
    for source in sources:
        used = min(source.amount_minor, wanted)
        wanted -= used
        if used:
            taken.append(evolve(source, amount_minor=used))
        if used < source.amount_minor:
            rest.append(evolve(source, amount_minor=source.amount_minor - used))
    if wanted:
        raise ValueError(f"a capture of {amount_minor} minor is {wanted} more than the hold")
    return tuple(taken), tuple(rest)


def join(*several: Iterable[HoldSource]) -> tuple[HoldSource, ...]:
    """Parts of the same lot put together, in order of first appearance."""
    sums: dict[UUID, HoldSource] = {}
    for parts in several:
        for part in parts:
            before = sums.get(part.grant_id)
            amount = part.amount_minor + (before.amount_minor if before else 0)
            sums[part.grant_id] = evolve(part, amount_minor=amount)
    return tuple(sums.values())


def give_back(
    taken: Iterable[HoldSource],
    amount_minor: int,
    grants: Mapping[UUID, CreditGrant],
    *,
    given_back: Iterable[HoldSource] = (),
) -> tuple[HoldSource, ...]:
    """To which lots `amount_minor` of what they paid goes back: the newest first.

    `given_back` is what earlier refunds of the same purchase returned.

    Raises:
        ValueError: more is given back than was taken.
    """
    already = {part.grant_id: part.amount_minor for part in join(given_back)}
    parts, wanted = [], amount_minor
    newest_first = sorted(
        join(taken),
        key=lambda part: (grants[part.grant_id].created_at, part.grant_id),
        reverse=True,
    )
    for part in newest_first:
        returned = min(part.amount_minor - already.get(part.grant_id, 0), wanted)
        wanted -= returned
        if returned > 0:
            parts.append(evolve(part, amount_minor=returned))
    if wanted:
        raise ValueError(f"giving back {amount_minor} minor is {wanted} more than was taken")
    return tuple(parts)


def less(grants: Mapping[UUID, CreditGrant], parts: Iterable[HoldSource]) -> list[CreditGrant]:
    """The lots that `parts` were taken from, as they are afterwards; versions not yet raised."""
    return _changed(grants, parts, sign=-1)


def more(grants: Mapping[UUID, CreditGrant], parts: Iterable[HoldSource]) -> list[CreditGrant]:
    """The lots that `parts` were given back to, as they are afterwards; versions not yet raised."""
    return _changed(grants, parts, sign=+1)


def expired(grants: Iterable[CreditGrant], now: datetime) -> tuple[HoldSource, ...]:
    """What is left in bonus lots whose time is over."""
    return tuple(
        _part(grant, grant.remaining_minor)
        for grant in burn_order(grants)
        if grant.remaining_minor > 0 and not is_spendable(grant, now)
    )


def _changed(
    grants: Mapping[UUID, CreditGrant], parts: Iterable[HoldSource], *, sign: int
) -> list[CreditGrant]:
    changed = []
    for part in join(parts):
        grant = grants[part.grant_id]
        remaining = grant.remaining_minor + sign * part.amount_minor
        assert 0 <= remaining <= grant.amount_minor, (grant.id, remaining)
        changed.append(grant.evolve(remaining_minor=remaining))
    return changed


def _part(grant: CreditGrant, amount_minor: int) -> HoldSource:
    return HoldSource(grant_id=grant.id, amount_minor=amount_minor, source=grant.source.value)
