"""A tiny model of wallets and books, driven only through the rules, for the laws of Rule 9."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from actors.rules import grants as lots
from actors.rules import journals
from actors.rules.journals import Sale
from actors.rules.ledger import Balances, JournalDraft, fold, mirror
from actors.rules.money import tax_of
from protocol.chains import GENESIS, canonical_journal, chained_hash
from protocol.errors import Refusal
from protocol.records.ledger import LedgerJournal, LedgerPosting, ledger_account_id
from protocol.records.money import CreditGrant
from protocol.records.money_states import CreditSource
from protocol.records.values import HoldSource

ALICE, BOB = UUID(int=1), UUID(int=2)
VENUE = UUID(int=100)
TILL = UUID(int=101)
NOW = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
PAID, BONUS = CreditSource.PAID, CreditSource.BONUS


def a_grant(
    n: int,
    source: CreditSource = PAID,
    amount: int = 1000,
    *,
    remaining: int | None = None,
    user_id: UUID = ALICE,
    priority: int = 0,
    expires_at: datetime | None = None,
    created_at: datetime | None = None,
) -> CreditGrant:
    return CreditGrant(
        id=UUID(int=n),
        user_id=user_id,
        venue_id=VENUE,
        source=source,
        currency="JPY",
        amount_minor=amount,
        remaining_minor=amount if remaining is None else remaining,
        priority=priority,
        expires_at=expires_at,
        transaction_id=None,
        created_at=created_at or NOW + timedelta(seconds=n),
    )


class Books:
    """Two wallets and the journals of all that happened. Each method is one command."""

    def __init__(self) -> None:
        self.now = NOW
        self.n = 1000
        self.journals: list[JournalDraft] = []
        self.sources: set[str] = set()
        self.grants: dict[UUID, dict[UUID, CreditGrant]] = defaultdict(dict)
        self.holds: dict[UUID, list[tuple[HoldSource, ...]]] = defaultdict(list)
        self.balances: dict[UUID, Balances] = defaultdict(Balances)
        self.sales: list[tuple[UUID, int, tuple[HoldSource, ...], JournalDraft]] = []

    def fresh(self) -> UUID:
        self.n += 1
        return UUID(int=self.n)

    def source(self, word: str) -> str:
        self.n += 1
        return f"{word}:{self.n}"

    def post(self, draft: JournalDraft, *users: UUID) -> None:
        """Post once; the same source again is no second journal (L5)."""
        if draft.source in self.sources:
            return
        after = {user: fold(self.balances[user], user, [draft]) for user in users}
        self.sources.add(draft.source)
        self.journals.append(draft)
        self.balances.update(after)

    def put(self, changed: list[CreditGrant]) -> None:
        for grant in changed:
            self.grants[grant.user_id][grant.id] = grant

    def take(
        self, user: UUID, amount: int, *, alcohol: int = 0, paid: bool = False
    ) -> tuple[HoldSource, ...] | None:
        if self.balances[user].is_frozen:
            return None
        taken = lots.take(
            self.grants[user].values(), amount, self.now, alcohol_minor=alcohol, paid_only=paid
        )
        if isinstance(taken, Refusal):
            return None
        self.put(lots.less(self.grants[user], taken))
        return taken

    def top_up(self, user: UUID, amount: int, bonus: int) -> None:
        paid_id, bonus_id = self.fresh(), self.fresh()
        owed = -self.balances[user].receivable_minor
        left = amount - min(amount, owed)
        self.put([a_grant(paid_id.int, PAID, left, user_id=user)])
        if bonus:
            expires_at = self.now + timedelta(hours=bonus % 48)
            self.put([a_grant(bonus_id.int, BONUS, bonus, user_id=user, expires_at=expires_at)])
        draft = journals.top_up(
            user_id=user,
            venue_id=VENUE,
            amount_minor=amount,
            paid_grant_id=paid_id,
            owed_minor=owed,
            bonus_minor=bonus,
            bonus_grant_id=bonus_id,
            till_id=TILL if amount % 2 else None,
            source=self.source("topup"),
        )
        self.post(draft, user)
        self.post(draft, user)

    def purchase(self, user: UUID, amount: int, alcohol: int) -> None:
        parts = self.take(user, amount, alcohol=min(alcohol, amount))
        if parts is None:
            return
        sale = Sale(revenue_kind="drink", gross_minor=amount, tax_minor=tax_of(amount, 1000))
        draft = journals.purchase(
            user_id=user,
            venue_id=VENUE,
            sales=[sale],
            parts=parts,
            source=self.source("purchase"),
        )
        self.post(draft, user)
        self.sales.append((user, amount, parts, draft))

    def refund_last(self) -> None:
        if not self.sales:
            return
        user, amount, parts, _ = self.sales.pop()
        back = lots.give_back(parts, amount, self.grants[user])
        self.put(lots.more(self.grants[user], back))
        sale = Sale(revenue_kind="drink", gross_minor=amount, tax_minor=tax_of(amount, 1000))
        draft = journals.refund(
            user_id=user,
            venue_id=VENUE,
            sales=[sale],
            parts=back,
            source=self.source("refund"),
        )
        self.post(draft, user)

    def void_last(self) -> None:
        if not self.sales:
            return
        user, _, parts, draft = self.sales.pop()
        self.put(lots.more(self.grants[user], parts))
        self.post(mirror(draft, source=f"mirror:{draft.source}"), user)

    def hold(self, user: UUID, amount: int) -> None:
        if parts := self.take(user, amount):
            self.holds[user].append(parts)
            draft = journals.hold(user_id=user, parts=parts, source=self.source("hold"))
            self.post(draft, user)

    def settle(self, user: UUID, captured: int) -> None:
        """Capture a part of the oldest hold and release the rest."""
        if not self.holds[user]:
            return
        held = self.holds[user].pop(0)
        wanted = min(captured, sum(part.amount_minor for part in held))
        taken, rest = lots.capture(held, wanted)
        sale = Sale(revenue_kind="time", gross_minor=wanted, tax_minor=tax_of(wanted, 1000))
        usage = journals.usage(
            user_id=user,
            venue_id=VENUE,
            parts=taken,
            sales=[sale],
            source=self.source("usage"),
        )
        self.post(usage, user)
        self.put(lots.more(self.grants[user], rest))
        release = journals.release(user_id=user, parts=rest, source=self.source("release"))
        self.post(release, user)

    def tip(self, user: UUID, amount: int) -> None:
        if parts := self.take(user, amount, paid=True):
            draft = journals.tip(
                user_id=user, venue_id=VENUE, parts=parts, source=self.source("tip")
            )
            self.post(draft, user)

    def gift(self, giver: UUID, taker: UUID, amount: int, *, accepted: bool) -> None:
        parts = self.take(giver, amount, paid=True)
        if not parts:
            return
        out = journals.gift_out(user_id=giver, parts=parts, source=self.source("gift-out"))
        self.post(out, giver)
        if not accepted:
            self.put(lots.more(self.grants[giver], parts))
            self.post(mirror(out, source=f"mirror:{out.source}"), giver)
            return
        grant_id = self.fresh()
        self.put([a_grant(grant_id.int, PAID, amount, user_id=taker)])
        into = journals.gift_in(
            user_id=taker, amount_minor=amount, grant_id=grant_id, source=self.source("gift-in")
        )
        self.post(into, taker)

    def dispute(self, user: UUID, amount: int) -> None:
        paid = [grant for grant in self.grants[user].values() if grant.source is PAID]
        seized = min(amount, sum(grant.remaining_minor for grant in paid))
        parts = lots.take(paid, seized, self.now)
        assert not isinstance(parts, Refusal)
        self.put(lots.less(self.grants[user], parts))
        draft = journals.dispute(
            user_id=user, amount_minor=amount, parts=parts, source=self.source("dispute")
        )
        self.post(draft, user)

    def wait(self, hours: int) -> None:
        """Let time pass, and bonus expire."""
        self.now += timedelta(hours=hours)
        for user in list(self.grants):
            if parts := lots.expired(self.grants[user].values(), self.now):
                self.put(lots.less(self.grants[user], parts))
                draft = journals.expire_bonus(
                    user_id=user, venue_id=VENUE, parts=parts, source=self.source("expiry")
                )
                self.post(draft, user)

    def rows(self) -> list[tuple[LedgerJournal, tuple[LedgerPosting, ...]]]:
        """The journals as the flush stores them: numbered, and chained by their hashes (L7)."""
        stored, previous = [], GENESIS
        for n, draft in enumerate(self.journals, 1):
            head = LedgerJournal(
                id=UUID(int=n),
                venue_id=VENUE,
                seq=n,
                transaction_id=None,
                business_day=date(2026, 6, 1),
                source=draft.source,
                memo="for somebody by name",
                memo_salt=b"s" * 16,
                memo_digest=b"d" * 32,
                posted_at=NOW,
            )
            lines = tuple(
                LedgerPosting(
                    id=UUID(int=n * 1000 + line),
                    journal_id=head.id,
                    venue_id=VENUE,
                    line=line,
                    account_id=ledger_account_id(posting.account_code, "JPY"),
                    account_code=posting.account_code,
                    amount_minor=posting.amount_minor,
                    currency="JPY",
                    grant_id=posting.grant_id,
                )
                for line, posting in enumerate(draft.postings, 1)
            )
            digest = chained_hash(previous, canonical_journal(head, lines))
            stored.append((head.evolve(prev_hash=previous, hash=digest), lines))
            previous = digest
        return stored
