"""The books: which accounts each money event debits and credits (Rule 9).

A journal is made by one of the templates below and sums to zero by construction: one that does
not cannot be made. Postings are signed: + credit, − debit. Nothing is ever changed afterwards;
what was wrong is mirrored. Parts of paid and bonus credit carry the lot they belong to, so that
the lots and the accounts always tell the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from uuid import UUID

import attrs

from protocol.chart import USER_KINDS
from protocol.records.money_states import AccountKind, CreditSource
from protocol.records.values import HoldSource

_CODES_KEPT: Final = 16_384
"""Each sale names the same accounts of its patron and its venue, some of them thrice."""


@lru_cache(maxsize=_CODES_KEPT)
def user_account(user_id: UUID, kind: AccountKind) -> str:
    """The code of one of a user's four accounts."""
    assert kind in USER_KINDS
    return f"user:{user_id}:{kind.value}"


@lru_cache(maxsize=_CODES_KEPT)
def venue_account(venue_id: UUID, kind: AccountKind) -> str:
    """The code of a venue's account that it has one of."""
    assert kind not in USER_KINDS | {AccountKind.REVENUE, AccountKind.TILL}
    return f"venue:{venue_id}:{kind.value}"


@lru_cache(maxsize=_CODES_KEPT)
def revenue_account(venue_id: UUID, kind: str) -> str:
    """What a venue earned by one kind of sale, such as time, food, drink or play."""
    return f"venue:{venue_id}:revenue:{kind}"


def till_account(venue_id: UUID, till_id: UUID) -> str:
    """The cash in one drawer."""
    return f"venue:{venue_id}:till:{till_id}"


@attrs.frozen(kw_only=True)
class PostingDraft:
    """One line: + credit, − debit, never 0. `grant_id` is the lot, on paid, bonus and held."""

    account_code: str
    amount_minor: int
    grant_id: UUID | None = None


@attrs.frozen(kw_only=True)
class JournalDraft:
    """What happened to money, in one currency. `source` is unique within a transaction (L5)."""

    source: str
    postings: tuple[PostingDraft, ...]

    def __attrs_post_init__(self) -> None:
        """Hold L1: a journal that does not sum to zero is a bug, and is never made."""
        total = sum(posting.amount_minor for posting in self.postings)
        assert total == 0, f"journal {self.source} sums to {total}, not 0"
        assert all(posting.amount_minor for posting in self.postings)

    def by_account(self) -> dict[str, int]:
        """The sum of its lines for each account."""
        sums: Counter[str] = Counter()
        for posting in self.postings:
            sums[posting.account_code] += posting.amount_minor
        return dict(sums)


def journal(source: str, *lines: tuple[str, int] | Iterable[PostingDraft]) -> JournalDraft:
    """A journal of (account, amount) pairs and ready postings; lines of 0 are left out."""
    postings: list[PostingDraft] = []
    for line in lines:
        if isinstance(line, tuple) and len(line) == 2 and isinstance(line[0], str):
            code, amount = line
            assert isinstance(amount, int)
            postings.append(PostingDraft(account_code=code, amount_minor=amount))
        else:
            postings.extend(part for part in line if isinstance(part, PostingDraft))
    return JournalDraft(source=source, postings=tuple(p for p in postings if p.amount_minor))


def credit_parts(
    user_id: UUID, parts: Iterable[HoldSource], *, sign: int
) -> tuple[PostingDraft, ...]:
    """Lines on paid and bonus for the parts of lots: −1 takes them, +1 gives them back."""
    return tuple(
        PostingDraft(
            account_code=user_account(user_id, AccountKind(CreditSource(part.source).value)),
            amount_minor=sign * part.amount_minor,
            grant_id=part.grant_id,
        )
        for part in parts
    )


def held_parts(
    user_id: UUID, parts: Iterable[HoldSource], *, sign: int
) -> tuple[PostingDraft, ...]:
    """Lines on held for the parts of lots: −1 takes them, +1 puts them there."""
    held = user_account(user_id, AccountKind.HELD)
    return tuple(
        PostingDraft(
            account_code=held, amount_minor=sign * part.amount_minor, grant_id=part.grant_id
        )
        for part in parts
    )


def mirror(original: JournalDraft, *, source: str) -> JournalDraft:
    """The journal that undoes another to the unit (L3)."""
    return JournalDraft(
        source=source,
        postings=tuple(
            attrs.evolve(posting, amount_minor=-posting.amount_minor)
            for posting in original.postings
        ),
    )


def usage_source(segment_id: UUID, n: int) -> str:
    """The source of a segment's n-th tick (L5)."""
    return f"usage:{segment_id}:{n}"


@attrs.frozen(kw_only=True)
class Balances:
    """A wallet as the fold of its postings (L4); `receivable_minor` is at most 0."""

    paid_minor: int = 0
    bonus_minor: int = 0
    held_minor: int = 0
    receivable_minor: int = 0

    @property
    def available_minor(self) -> int:
        """What can be spent or held: nothing while anything is owed."""
        return 0 if self.is_frozen else self.paid_minor + self.bonus_minor

    @property
    def is_frozen(self) -> bool:
        """While something is owed the wallet is frozen for spending (Rule 9)."""
        return self.receivable_minor < 0


def fold(before: Balances, user_id: UUID, journals: Iterable[JournalDraft]) -> Balances:
    """A user's balances after more journals (L4, L8: nothing else changes them).

    Raises:
        AssertionError: paid, bonus or held would be negative, or receivable positive (L2).
    """
    sums: defaultdict[str, int] = defaultdict(int)
    for one in journals:
        for code, amount in one.by_account().items():
            sums[code] += amount
    deltas: Mapping[str, int] = {
        f"{kind.value}_minor": sums[user_account(user_id, kind)] for kind in USER_KINDS
    }
    after = Balances(**{name: getattr(before, name) + delta for name, delta in deltas.items()})
    assert min(after.paid_minor, after.bonus_minor, after.held_minor) >= 0, after
    assert after.receivable_minor <= 0, after
    return after
