"""Rule 9: L1 to L8 hold over whatever may happen in a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.ledger import Balances, fold, mirror, usage_source
from protocol.chains import canonical_journal, first_broken
from protocol.chart import may_be_negative
from protocol.records.ledger import LedgerJournal, LedgerPosting
from tests.actors.rules.books import ALICE, BOB, Books

users = st.sampled_from((ALICE, BOB))
amounts = st.integers(1, 3000)
OPERATIONS = st.one_of(
    st.tuples(st.just("top_up"), users, amounts, st.integers(0, 500)),
    st.tuples(st.just("top_up"), users, amounts, st.integers(0, 500)),
    st.tuples(st.just("purchase"), users, amounts, st.integers(0, 900)),
    st.tuples(st.just("refund_last")),
    st.tuples(st.just("void_last")),
    st.tuples(st.just("hold"), users, amounts),
    st.tuples(st.just("settle"), users, st.integers(0, 3000)),
    st.tuples(st.just("tip"), users, amounts),
    st.tuples(st.just("gift"), users, users, amounts, st.booleans()),
    st.tuples(st.just("dispute"), users, amounts),
    st.tuples(st.just("wait"), st.integers(1, 30)),
)
quick = settings(max_examples=60, deadline=None)


def played(operations: list[tuple[object, ...]]) -> Books:
    books = Books()
    for name, *arguments in operations:
        method: Callable[..., None] = getattr(books, str(name))
        if name == "gift":
            giver, taker, amount, accepted = arguments
            method(giver, taker, amount, accepted=accepted)
        else:
            method(*arguments)
    return books


some_nights = st.lists(OPERATIONS, max_size=25).map(played)


@quick
@given(some_nights)
def test_l1_and_l6_every_journal_and_the_trial_balance_sum_to_zero(books: Books) -> None:
    """Money is neither made nor lost. L1. L6."""
    total: Counter[str] = Counter()
    for draft in books.journals:
        assert sum(posting.amount_minor for posting in draft.postings) == 0
        total.update(draft.by_account())
    assert sum(total.values()) == 0


@quick
@given(some_nights)
def test_l2_only_named_accounts_are_ever_negative(books: Books) -> None:
    """At each moment of the night, not only at its end. L2."""
    running: Counter[str] = Counter()
    for draft in books.journals:
        running.update(draft.by_account())
        for code, balance in running.items():
            assert balance >= 0 or may_be_negative(code), (code, balance, draft.source)


@quick
@given(some_nights)
def test_l3_a_mirror_undoes_a_journal_to_the_unit(books: Books) -> None:
    """Corrections never edit; so a mirror must be exact. L3."""
    for draft in books.journals:
        undone = mirror(draft, source=f"mirror-of:{draft.source}")
        both = Counter(draft.by_account())
        both.update(undone.by_account())
        assert set(both.values()) <= {0}


@quick
@given(some_nights)
def test_l4_and_l8_wallets_are_folds_and_lots_and_holds_agree(books: Books) -> None:
    """Three ways to know a balance; a difference between them is somebody's money. L4. L8."""
    for user in (ALICE, BOB):
        wallet = fold(Balances(), user, books.journals)
        assert wallet == books.balances[user]
        remaining = sum(grant.remaining_minor for grant in books.grants[user].values())
        assert remaining == wallet.paid_minor + wallet.bonus_minor
        held = sum(part.amount_minor for hold in books.holds[user] for part in hold)
        assert held == wallet.held_minor


@quick
@given(some_nights)
def test_l5_one_source_is_one_journal(books: Books) -> None:
    """Each top-up of the model is posted twice, as a retried saga would. L5."""
    assert len({draft.source for draft in books.journals}) == len(books.journals)
    assert usage_source(ALICE, 1) != usage_source(ALICE, 2)


@quick
@given(some_nights, st.data())
def test_l7_the_chain_shows_the_first_row_that_was_touched(
    books: Books, data: st.DataObject
) -> None:
    """Whoever edits history leaves a mark, and erasing personal text leaves none. L7."""
    rows = books.rows()
    erased = [(head.evolve(memo=None, memo_salt=None), lines) for head, lines in rows]

    def checked(stored: Iterable[tuple[LedgerJournal, tuple[LedgerPosting, ...]]]) -> int:
        return first_broken(
            (head.prev_hash or b"", head.hash or b"", canonical_journal(head, lines))
            for head, lines in stored
        )

    assert checked(rows) == checked(erased) == -1
    if rows:
        n = data.draw(st.integers(0, len(rows) - 1))
        head, lines = rows[n]
        touched = lines[0].evolve(amount_minor=lines[0].amount_minor + 1)
        edited = [*rows[:n], (head, (touched, *lines[1:])), *rows[n + 1 :]]
        assert checked(edited) == n


@quick
@given(some_nights)
def test_a_wallet_that_owes_money_spends_none(books: Books) -> None:
    """While receivable is below 0 the wallet is frozen; top-ups repay first. Rule 9 frozen."""
    for wallet in books.balances.values():
        assert wallet.is_frozen == (wallet.receivable_minor < 0)
        assert wallet.available_minor == (
            0 if wallet.is_frozen else wallet.paid_minor + wallet.bonus_minor
        )
