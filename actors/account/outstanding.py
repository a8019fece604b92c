"""Money that keeps an account from its end: what the wallet has, and what may come yet (Rule 16).

Credit is given up only by who said so. What is under way is waited for, whatever was said: it ends
by itself or by somebody's decision, and only then is known what there is to give up.
"""

from __future__ import annotations

from typing import Final

from actors.account.notices import mail
from actors.account.polling import POLLED
from actors.account.state import AccountState
from actors.runtime.outcome import Outcome
from protocol.errors import Code, Refusal
from protocol.records.money import Credits, Refund
from protocol.records.money_states import RefundStatus, TransactionKind
from protocol.records.payments import Payment
from protocol.records.platform import ErasureJob

_REFUNDING: Final = (RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.PROCESSING)
CREDIT, UNDER_WAY = "credit", "under_way"
_WAITS: Final = "waits_for"
"""In a job's `kept`: what its person was last told that it waits for."""
_MAILS: Final = {
    CREDIT: "Your account has not ended: credit came in that you have not given up. Sign in to "
    "have it refunded, or to have the account erased and the credit given up.",
    UNDER_WAY: "Your account has not ended yet: a refund or a payment is under way, and it waits "
    "for that. Sign in if you want to keep it.",
}


def left_minor(state: AccountState) -> dict[str, int]:
    """What the wallet has, held or not, by currency."""
    sums = {
        row.currency: row.paid_minor + row.bonus_minor + row.held_minor
        for row in state.all(Credits)
    }
    return {currency: minor for currency, minor in sorted(sums.items()) if minor > 0}


def under_way(state: AccountState) -> int:
    """How many refunds, transactions and payments may still bring credit, or take it.

    A payment that nobody has begun at its bank is void with its transaction, and not among them.
    """
    refunds = sum(1 for refund in state.all(Refund) if refund.status in _REFUNDING)
    payments = {row.transaction_id for row in state.all(Payment) if row.status in POLLED}
    return refunds + len(payments | {row.id for row in state.pending(*TransactionKind)})


def refuse_outstanding(state: AccountState) -> Refusal | None:
    """Why an account can't end without a word on what is in it, or still comes."""
    left, coming = left_minor(state), under_way(state)
    if not left and not coming:
        return None
    amounts = ", ".join(f"{minor} {currency}" for currency, minor in left.items()) or "0"
    return Refusal(
        Code.BALANCE_OUTSTANDING,
        f"{amounts} (minor units) are left, and {coming} refunds or payments are under way; have "
        "it refunded and wait for them, or pass forfeit: true to give up what is left in the end",
        extra={"balances": left, "under_way": coming},
    )


def waits_for(state: AccountState, job: ErasureJob) -> str | None:
    """What of its money an erasure waits for, when its days of grace are over."""
    if under_way(state):
        return UNDER_WAY
    agreed = bool(job.kept and job.kept.get("forfeit"))
    return CREDIT if left_minor(state) and not agreed else None


def told_waiting(state: AccountState, job: ErasureJob, why: str) -> Outcome:
    """Have the person know what the end waits for, once for each reason; no app is signed in."""
    user, kept = state.user, job.kept or {}
    if kept.get(_WAITS) == why:
        return Outcome()
    sends = () if user.email is None else (
        mail(user.id, user.email, "erasure_waits", subject="Your account", text=_MAILS[why]),
    )  # fmt: skip
    return Outcome(changes=(job.revised(kept={**kept, _WAITS: why}),), sends=sends)
