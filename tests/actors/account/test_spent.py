"""What was spent is kept by kind and day, so that a purchase does not count all before it."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from actors.account.state import AccountState
from protocol.addresses import ActorKind, Address
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind, TransactionStatus
from tests.actors.account.card_kit import a_transaction
from tests.actors.account.wallets import TODAY, USER

_KINDS = (TransactionKind.PURCHASE, TransactionKind.TIP, TransactionKind.TOPUP)
_ROWS = st.builds(
    a_transaction,
    st.sampled_from(_KINDS),
    id=st.integers(1, 4).map(lambda n: UUID(int=n)),
    amount_minor=st.integers(0, 5),
    tip_minor=st.integers(0, 2),
    status=st.sampled_from((TransactionStatus.POSTED, TransactionStatus.PENDING)),
    business_day=st.none() | st.integers(0, 2).map(lambda days: TODAY - timedelta(days=days)),
)


@given(
    st.lists(_ROWS | st.integers(1, 4).map(lambda n: UUID(int=n)), max_size=12),
    st.sets(st.sampled_from(_KINDS)),
    st.sets(st.integers(1, 4).map(lambda n: UUID(int=n))),
)
def test_what_is_kept_is_what_counting_all_transactions_says(
    steps: list[Transaction | UUID], kinds: set[TransactionKind], besides: set[UUID]
) -> None:
    """Own limits are held to it (Rule 7): a row that changes or goes must not count on."""
    state = AccountState(Address(ActorKind.ACCOUNT, USER))
    for step in steps:
        if isinstance(step, Transaction):
            state.put(step)
        else:
            state.discard(Transaction, (step,))
    first = TODAY - timedelta(days=1)
    expected = sum(
        row.amount_minor + row.tip_minor
        for row in state.posted(*kinds)
        if _within(row.business_day, first) and row.id not in besides
    )
    assert state.spent_minor(kinds, first, TODAY, besides=besides) == expected
    waiting = {row.id: row for row in state.pending(*kinds)}
    assert waiting == {
        row.id: row
        for row in state.all(Transaction)
        if row.status is TransactionStatus.PENDING and row.kind in kinds
    }


def _within(day: date | None, first: date) -> bool:
    return day is not None and first <= day <= TODAY
