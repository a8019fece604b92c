"""The journal of each money event: the rows of the table of Rule 9, one function each.

Amounts are positive minor units; the functions give them their signs. Tax is inside the amounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import attrs

from actors.rules.ledger import (
    JournalDraft,
    PostingDraft,
    credit_parts,
    held_parts,
    journal,
    revenue_account,
    till_account,
    user_account,
    venue_account,
)
from protocol.chart import STRIPE_CLEARING, TRANSIT
from protocol.records.money_states import AccountKind
from protocol.records.values import HoldSource


@attrs.frozen(kw_only=True)
class Sale:
    """What is earned by one line: its kind of revenue, the gross amount, and the tax in it."""

    revenue_kind: str
    gross_minor: int
    tax_minor: int


def total_of(sales: Iterable[Sale]) -> int:
    """The gross sum of the lines."""
    return sum(sale.gross_minor for sale in sales)


def top_up(
    *,
    user_id: UUID,
    venue_id: UUID,
    amount_minor: int,
    paid_grant_id: UUID,
    owed_minor: int = 0,
    bonus_minor: int = 0,
    bonus_grant_id: UUID | None = None,
    till_id: UUID | None = None,
    source: str = "topup",
) -> JournalDraft:
    """Card (`till_id` None) or cash: clearing or till −a, paid +a; bonus: promo −b, bonus +b.

    Of the amount, what the wallet owes (`owed_minor` ≥ 0) is repaid first.
    """
    repaid = min(amount_minor, owed_minor)
    paid = HoldSource(grant_id=paid_grant_id, amount_minor=amount_minor - repaid, source="paid")
    return journal(
        source,
        (_money_in(venue_id, till_id), -amount_minor),
        (user_account(user_id, AccountKind.RECEIVABLE), repaid),
        credit_parts(user_id, [paid], sign=+1),
        *_bonus(user_id, venue_id, bonus_minor, bonus_grant_id),
    )


def grant_bonus(
    *, user_id: UUID, venue_id: UUID, amount_minor: int, grant_id: UUID, source: str = "grant"
) -> JournalDraft:
    """Bonus credit given: promo −b, bonus +b."""
    return journal(source, *_bonus(user_id, venue_id, amount_minor, grant_id))


def hold(*, user_id: UUID, parts: Sequence[HoldSource], source: str) -> JournalDraft:
    """Credit reserved: paid, bonus −h, held +h."""
    return journal(
        source, credit_parts(user_id, parts, sign=-1), held_parts(user_id, parts, sign=+1)
    )


def release(*, user_id: UUID, parts: Sequence[HoldSource], source: str) -> JournalDraft:
    """Reserved credit returned: the reverse of `hold`."""
    return journal(
        source, held_parts(user_id, parts, sign=-1), credit_parts(user_id, parts, sign=+1)
    )


def usage(
    *,
    user_id: UUID,
    venue_id: UUID,
    parts: Sequence[HoldSource],
    sales: Sequence[Sale],
    source: str,
) -> JournalDraft:
    """Time charged from a hold: held −x, revenue +(x−tax), tax +tax."""
    return journal(source, held_parts(user_id, parts, sign=-1), *_earned(venue_id, sales, +1))


def purchase(
    *,
    user_id: UUID,
    venue_id: UUID,
    sales: Sequence[Sale],
    parts: Sequence[HoldSource] = (),
    till_id: UUID | None = None,
    source: str = "purchase",
) -> JournalDraft:
    """A sale: bonus −, paid − (or clearing −, till −); revenue +, tax +.

    What `parts` of credit do not pay comes in cash through `till_id`, else by card.
    """
    other_minor = total_of(sales) - sum(part.amount_minor for part in parts)
    return journal(
        source,
        credit_parts(user_id, parts, sign=-1),
        (_money_in(venue_id, till_id), -other_minor),
        *_earned(venue_id, sales, +1),
    )


def tip(
    *, user_id: UUID, venue_id: UUID, parts: Sequence[HoldSource], source: str = "tip"
) -> JournalDraft:
    """A tip: paid −, tips +."""
    amount = sum(part.amount_minor for part in parts)
    return journal(
        source,
        credit_parts(user_id, parts, sign=-1),
        (venue_account(venue_id, AccountKind.TIPS), amount),
    )


def gift_out(*, user_id: UUID, parts: Sequence[HoldSource], source: str) -> JournalDraft:
    """The giver's half of a gift: paid −, transit +. Refused, it is mirrored."""
    amount = sum(part.amount_minor for part in parts)
    return journal(source, credit_parts(user_id, parts, sign=-1), (TRANSIT, amount))


def gift_in(*, user_id: UUID, amount_minor: int, grant_id: UUID, source: str) -> JournalDraft:
    """The receiver's half of a gift: transit −, paid +."""
    part = HoldSource(grant_id=grant_id, amount_minor=amount_minor, source="paid")
    return journal(source, (TRANSIT, -amount_minor), credit_parts(user_id, [part], sign=+1))


def _taken_or_owed(
    user_id: UUID, amount_minor: int, parts: Sequence[HoldSource]
) -> tuple[tuple[PostingDraft, ...], tuple[str, int]]:
    """Credit that goes, taken from what was left of it: what that does not cover is owed."""
    owed_minor = amount_minor - sum(part.amount_minor for part in parts)
    assert owed_minor >= 0
    owed = (user_account(user_id, AccountKind.RECEIVABLE), -owed_minor)
    return credit_parts(user_id, parts, sign=-1), owed


def gift_returned(
    *, user_id: UUID, amount_minor: int, parts: Sequence[HoldSource], source: str
) -> JournalDraft:
    """The receiver's half taken back: paid −min(balance, a), receivable −rest, transit +a."""
    return journal(source, *_taken_or_owed(user_id, amount_minor, parts), (TRANSIT, amount_minor))


def refund(
    *,
    user_id: UUID,
    venue_id: UUID,
    sales: Sequence[Sale],
    parts: Sequence[HoldSource] = (),
    till_id: UUID | None = None,
    source: str,
) -> JournalDraft:
    """Sales taken back: revenue −, tax −; to credits (`parts`, see `give_back`), else clearing +.

    `till_id` pays the rest in cash.
    """
    other_minor = total_of(sales) - sum(part.amount_minor for part in parts)
    return journal(
        source,
        *_earned(venue_id, sales, -1),
        credit_parts(user_id, parts, sign=+1),
        (_money_in(venue_id, till_id), other_minor),
    )


def top_up_back(
    *,
    user_id: UUID,
    venue_id: UUID,
    paid: Sequence[HoldSource],
    bonus: Sequence[HoldSource],
    source: str,
) -> JournalDraft:
    """A top-up refunded to its card: paid −, clearing +; its bonus is taken back: bonus −, promo +.

    The reverse of `top_up`, as far as the credit is unspent (Rule 10).
    """
    return journal(
        source,
        credit_parts(user_id, bonus, sign=-1),
        (
            venue_account(venue_id, AccountKind.PROMO_EXPENSE),
            sum(part.amount_minor for part in bonus),
        ),
        credit_parts(user_id, paid, sign=-1),
        (STRIPE_CLEARING, sum(part.amount_minor for part in paid)),
    )


def dispute_won(
    *, user_id: UUID, amount_minor: int, owed_minor: int, parts: Sequence[HoldSource], source: str
) -> JournalDraft:
    """A chargeback that was decided for us: clearing −a, receivable +, paid +.

    What is still owed (`owed_minor` ≥ 0) of it is forgiven; the rest, `parts`, is given back.
    """
    assert owed_minor + sum(part.amount_minor for part in parts) == amount_minor
    return journal(
        source,
        (STRIPE_CLEARING, -amount_minor),
        (user_account(user_id, AccountKind.RECEIVABLE), owed_minor),
        credit_parts(user_id, parts, sign=+1),
    )


def dispute(
    *, user_id: UUID, amount_minor: int, parts: Sequence[HoldSource], source: str
) -> JournalDraft:
    """A chargeback: paid −min(balance, a), receivable −rest, clearing +a.

    `parts` are what was left to take of paid lots.
    """
    return journal(
        source, *_taken_or_owed(user_id, amount_minor, parts), (STRIPE_CLEARING, amount_minor)
    )


def expire_bonus(
    *, user_id: UUID, venue_id: UUID, parts: Sequence[HoldSource], source: str
) -> JournalDraft:
    """Bonus whose time is over: bonus −, promo +."""
    amount = sum(part.amount_minor for part in parts)
    return journal(
        source,
        credit_parts(user_id, parts, sign=-1),
        (venue_account(venue_id, AccountKind.PROMO_EXPENSE), amount),
    )


def _money_in(venue_id: UUID, till_id: UUID | None) -> str:
    return STRIPE_CLEARING if till_id is None else till_account(venue_id, till_id)


def _bonus(
    user_id: UUID, venue_id: UUID, amount_minor: int, grant_id: UUID | None
) -> tuple[tuple[str, int], tuple[PostingDraft, ...]]:
    assert amount_minor == 0 or grant_id is not None
    given = PostingDraft(
        account_code=user_account(user_id, AccountKind.BONUS),
        amount_minor=amount_minor,
        grant_id=grant_id,
    )
    return (venue_account(venue_id, AccountKind.PROMO_EXPENSE), -amount_minor), (given,)


def _earned(venue_id: UUID, sales: Sequence[Sale], sign: int) -> list[tuple[str, int]]:
    earned: dict[str, int] = {}
    for sale in sales:
        code = revenue_account(venue_id, sale.revenue_kind)
        earned[code] = earned.get(code, 0) + sign * (sale.gross_minor - sale.tax_minor)
    tax: Mapping[str, int] = {
        venue_account(venue_id, AccountKind.TAX): sign * sum(sale.tax_minor for sale in sales)
    }
    return [*earned.items(), *tax.items()]
