"""A small sequential model of every wallet: what the postings of Rule 9 come to, one by one.

It is led by the journal alone, entry after entry, and knows of a wallet what was posted to it, its
lots and its holds. After each entry, and not only at quiet moments: nothing is below zero that may
not be (L2), lots are what is paid and bonus, holds are what is held (L4), credit moves by journals
of the shapes of Rule 9 alone (L8), and events tell the balances that were posted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import attrs

from protocol.entries import Entry
from protocol.events.money import CreditsBalanceChanged
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import CreditGrant, CreditHold, Credits, Transaction
from protocol.records.money_states import CreditSource, HoldStatus

KINDS: Final = ("paid", "bonus", "held", "receivable")
BELOW_ZERO: Final = frozenset({"receivable", "stripe_clearing", "refund_clearing", "till"}) | {
    "promo_expense"
}
"""L2: only these may be negative."""
TAKEN_BACK: Final = frozenset({"revenue", "tax", "tips"})
"""What was posted here can be mirrored whatever was booked elsewhere meanwhile (L3)."""


def _shapes(text: str) -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """`source: what is debited > what is credited` on each line."""
    found = {}
    for line in text.strip().splitlines():
        source, _, sides = line.strip().rpartition(": ")
        debited, _, credited = sides.partition(">")
        found[source] = (frozenset(debited.split()), frozenset(credited.split()))
    return found


SHAPES: Final = _shapes("""
    topup: stripe_clearing till promo_expense > paid bonus receivable
    grant: promo_expense > bonus
    hold: paid bonus > held
    release: held > paid bonus
    usage: held > revenue tax
    capture: held > revenue tax
    correction: revenue tax > held paid bonus
    purchase: paid bonus stripe_clearing till > revenue tax
    tip: paid > tips
    gift_out: paid > transit
    gift_in: transit > paid
    mirror:gift_out: transit > paid
    mirror:gift_in: paid receivable > transit
    refund: revenue tax paid bonus > paid bonus stripe_clearing till promo_expense
    refund_failed: stripe_clearing promo_expense > revenue tax paid bonus
    void: revenue tax > paid bonus stripe_clearing till
    void:tip: tips > paid
    void_visit: revenue tax > paid bonus held
    dispute: paid receivable > stripe_clearing
    dispute_won: stripe_clearing > paid receivable
    bonus_expired: bonus > promo_expense
    forfeited:paid: paid > revenue
    forfeited:bonus: bonus > promo_expense
""")
"""Rule 9, by the source of the journal. An owner's adjustment may touch what it likes."""


@attrs.frozen
class Lot:
    """What is left of a lot; paid credit never ends."""

    left_minor: int
    ends_at: datetime | None


@attrs.frozen(kw_only=True)
class State:
    """A wallet from one entry to the next that changed it."""

    place: int
    at: datetime
    seq: int
    paid_minor: int
    bonus_minor: int
    held_minor: int
    receivable_minor: int
    lots: Mapping[UUID, Lot]

    def available_minor(self, now: datetime) -> int:
        """What can be spent: nothing while something is owed, and no bonus that has ended."""
        if self.receivable_minor < 0:
            return 0
        lots = self.lots.values()
        return sum(lot.left_minor for lot in lots if lot.ends_at is None or now < lot.ends_at)


@attrs.define(eq=False)
class Wallet:
    """One person's credit in one currency."""

    posted: Counter[str] = attrs.field(factory=Counter)
    seq: int = 0
    lots: dict[UUID, Lot] = attrs.field(factory=dict)
    holds: dict[UUID, int] = attrs.field(factory=dict)
    """Open holds, and what each still holds."""
    states: list[State] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Movement:
    """What one journal did to the wallet of its account."""

    source: str
    place: int
    credit_minor: int
    """Of paid, bonus and receivable together."""
    held_minor: int


@attrs.define(eq=False)
class Books:
    """All wallets, led on from entry to entry."""

    wallets: dict[tuple[UUID, str], Wallet] = attrs.field(factory=lambda: defaultdict(Wallet))
    of_transaction: dict[UUID, list[Movement]] = attrs.field(factory=lambda: defaultdict(list))
    of_source: dict[str, list[Movement]] = attrs.field(factory=lambda: defaultdict(list))
    transactions: dict[UUID, Transaction] = attrs.field(factory=dict)
    shared: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    """Balances of accounts that are nobody's wallet."""

    def take(self, place: int, entry: Entry) -> None:
        """The next entry."""
        touched = self._post(place, entry)
        told: dict[tuple[UUID, str], Credits] = {}
        for row in entry.changes:
            if isinstance(row, Transaction):
                self.transactions[row.id] = row
            elif isinstance(row, (CreditGrant, CreditHold, Credits)):
                key = (row.user_id, row.currency)
                touched.add(key)
                if isinstance(row, CreditGrant):
                    self.wallets[key].lots[row.id] = _lot(row)
                elif isinstance(row, CreditHold):
                    self._hold(row)
                else:
                    told[key] = row
        for key in touched:
            self._judge(place, entry, key, told.get(key))
        for event in entry.events:
            if event.type == CreditsBalanceChanged.type:
                key = (entry.actor.id, str(event.data["currency"]))
                self._assert_told(event.data, self.wallets[key].states[-1], entry)

    def _post(self, place: int, entry: Entry) -> set[tuple[UUID, str]]:
        """Take in its journals; whose wallets they touch."""
        lines: dict[UUID, list[LedgerPosting]] = defaultdict(list)
        journals = []
        for row in entry.appends:
            if isinstance(row, LedgerPosting):
                lines[row.journal_id].append(row)
            elif isinstance(row, LedgerJournal):
                journals.append(row)
        touched = set()
        for journal in journals:
            postings = lines.pop(journal.id)
            _assert_shape(journal, postings)
            key = (entry.actor.id, postings[0].currency)
            wallet = self.wallets[key]
            wallet.seq += 1
            before = wallet.posted.copy()
            for line in postings:
                whose, kind = line.account_code.split(":")[0], _kind(line)
                if whose == "user":
                    mine = line.account_code.startswith(f"user:{entry.actor.id}:")
                    assert mine, f"{entry.actor} posts to a wallet of somebody else: {line}"
                    wallet.posted[kind] += line.amount_minor
                    assert kind == "receivable" or wallet.posted[kind] >= 0, (journal, line)
                    assert kind != "receivable" or wallet.posted[kind] <= 0, (journal, line)
                else:
                    self._share(line, kind)
            touched.add(key)
            self._note(place, journal, before, wallet.posted)
        assert not lines, f"lines without a journal: {lines}"
        return touched

    def _share(self, line: LedgerPosting, kind: str) -> None:
        account = (line.account_code, line.currency)
        self.shared[account] += line.amount_minor
        free = kind in BELOW_ZERO or kind in TAKEN_BACK
        assert free or self.shared[account] >= 0, f"{account} is below zero (L2): {line}"

    def _note(
        self, place: int, journal: LedgerJournal, before: Counter[str], after: Counter[str]
    ) -> None:
        credit = sum(after[kind] - before[kind] for kind in ("paid", "bonus", "receivable"))
        movement = Movement(
            source=journal.source,
            place=place,
            credit_minor=credit,
            held_minor=after["held"] - before["held"],
        )
        if journal.transaction_id is not None:
            self.of_transaction[journal.transaction_id].append(movement)
        self.of_source[":".join(journal.source.split(":")[:2])].append(movement)

    def _hold(self, row: CreditHold) -> None:
        holds = self.wallets[row.user_id, row.currency].holds
        holds.pop(row.id, None)
        if row.status is HoldStatus.OPEN:
            holds[row.id] = row.amount_minor - row.captured_minor

    def _judge(self, place: int, entry: Entry, key: tuple[UUID, str], told: Credits | None) -> None:
        """What is written of a wallet is what was posted to it."""
        wallet = self.wallets[key]
        last = wallet.states[-1] if wallet.states else None
        state = State(
            place=place,
            at=entry.at,
            seq=wallet.seq,
            **{f"{kind}_minor": wallet.posted[kind] for kind in KINDS},
            lots={id_: lot for id_, lot in wallet.lots.items() if lot.left_minor},
        )
        wallet.states.append(state)
        if told is None:
            moved = wallet.seq - (last.seq if last is not None else 0)
            assert not moved, f"posted to a wallet and not written there: {entry}"
        else:
            seen = tuple(getattr(told, f"{kind}_minor") for kind in KINDS)
            posted = tuple(wallet.posted[kind] for kind in KINDS)
            assert (seen, told.ledger_seq) == (posted, wallet.seq), (told, wallet.posted)
        left = sum(lot.left_minor for lot in wallet.lots.values())
        assert left == state.paid_minor + state.bonus_minor, f"{left} in lots: {state}"
        assert sum(wallet.holds.values()) == state.held_minor, (wallet.holds, state)

    def _assert_told(self, data: Mapping[str, object], state: State, entry: Entry) -> None:
        seen = (data["paid_minor"], data["bonus_minor"], data["held_minor"], data["ledger_seq"])
        stands = (state.paid_minor, state.bonus_minor, state.held_minor, state.seq)
        assert seen == stands, f"{entry.actor} told {data}, and stands at {state}"
        assert data["available_minor"] == state.available_minor(entry.at), (data, state)


def _lot(row: CreditGrant) -> Lot:
    ends = row.expires_at if row.source is CreditSource.BONUS else None
    return Lot(row.remaining_minor, ends)


def _kind(line: LedgerPosting) -> str:
    """The kind of account that a posting's code names."""
    whose, *rest = line.account_code.split(":")
    return rest[0] if whose == "platform" else rest[1]


def _assert_shape(journal: LedgerJournal, postings: list[LedgerPosting]) -> None:
    """Rule 9: each event debits and credits what its row of the table says, and sums to nothing."""
    assert sum(line.amount_minor for line in postings) == 0, (journal, postings)
    first, _, rest = journal.source.partition(":")
    if first == "adjustment":
        return
    shape = SHAPES.get(f"{first}:{rest.partition(':')[0]}") or SHAPES.get(first)
    assert shape is not None, f"no row of Rule 9 has this source: {journal}"
    for line in postings:
        side = shape[line.amount_minor > 0]
        assert _kind(line) in side, f"{journal.source} does not move this (Rule 9): {line}"
