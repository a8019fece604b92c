"""The lives of sessions, incidents, tills, shifts, holds, transactions and payments, as tables.

Each table maps (state, what happens) to the next state; a pair that is not in it is not possible.
Conditions that need more than the pair (quotas, ages, funds) are in `session_conditions` and in
the modules of their rules. The diagrams of the docs are drawn from these tables.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, TypeVar

from protocol.errors import Code, Refusal
from protocol.records.money_states import (
    HoldStatus,
    PaymentStatus,
    TillStatus,
    TransactionStatus,
)
from protocol.records.states import IncidentStatus, SessionStatus, ShiftStatus

S = TypeVar("S", bound=enum.StrEnum)
T = TypeVar("T", bound=enum.StrEnum)
Table: TypeAlias = Mapping[tuple[S, T], S]


def transition(table: Mapping[tuple[S, T], S], state: S, trigger: T) -> S | None:
    """The state that follows, or None where the table has no such step."""
    return table.get((state, trigger))


def refuse_transition(
    table: Mapping[tuple[S, T], S], state: S, trigger: T, *, whose: str
) -> Refusal | None:
    """409 `invalid_transition` where the table has no such step (Rule 2); None where it has.

    `whose` names the object in the sentence, such as "session 0190…".
    """
    if (state, trigger) in table:
        return None
    possible = ", ".join(sorted(at.value for start, at in table if start is state)) or "nothing"
    return Refusal(
        Code.INVALID_TRANSITION,
        f"{whose} is {state.value}, so {trigger.value} is not possible; possible is: {possible}",
    )


class SessionTrigger(enum.StrEnum):
    """What happens to a session."""

    PAUSE = "pause"
    EXHAUST = "exhaust"
    """The next hold was impossible: paused at the instant funds end (Rule 3)."""
    REACH_LIMIT = "reach_limit"
    """The patron's own limit of time: paused at the instant at which it is used up (Rule 7)."""
    RESUME = "resume"
    """By the patron or staff; from auto_paused it needs a fix in the fence or staff's reason."""
    LEAVE_FENCE = "leave_fence"
    ENTER_FENCE = "enter_fence"
    COOL = "cool"
    END_COOLING = "end_cooling"
    CHECK_OUT = "check_out"
    FORCE_CHECK_OUT = "force_check_out"
    END = "end"
    """By the system: an exclusion began, the venue closed, or a timer ran out."""
    SETTLE = "settle"
    VOID = "void"


class IncidentTrigger(enum.StrEnum):
    """What happens to an incident."""

    NOTIFY = "notify"
    JOIN = "join"
    """The same person presses again within a minute: alerts go out again."""
    ESCALATE = "escalate"
    EXHAUST = "exhaust"
    ACKNOWLEDGE = "acknowledge"
    IDLE = "idle"
    """Acknowledged, but nobody came within 5 minutes."""
    ON_SCENE = "on_scene"
    NEED_BACKUP = "need_backup"
    RESOLVE = "resolve"
    FALSE_ALARM = "false_alarm"


class TillTrigger(enum.StrEnum):
    """What happens to a cash drawer."""

    COUNT = "count"
    CLOSE = "close"
    """The variance was within bounds, or management signed."""
    CUTOVER = "cutover"


class ShiftTrigger(enum.StrEnum):
    """What happens to a shift."""

    START_BREAK = "start_break"
    END_BREAK = "end_break"
    CLOCK_OUT = "clock_out"
    CUTOVER = "cutover"
    REVIEW = "review"


class HoldTrigger(enum.StrEnum):
    """What happens to reserved credit."""

    CAPTURE = "capture"
    """The last part is captured, or the rest returned after a capture."""
    RELEASE = "release"
    EXPIRE = "expire"


class TransactionTrigger(enum.StrEnum):
    """What happens to a money event."""

    POST = "post"
    VOID = "void"


_ST, _SE = SessionTrigger, SessionStatus


def _from_each(states: Iterable[S], triggers: Iterable[T], to: S) -> dict[tuple[S, T], S]:
    return {(state, trigger): to for state in states for trigger in triggers}


OPEN_NOT_CLOSING: Final = (_SE.ACTIVE, _SE.PAUSED, _SE.AUTO_PAUSED, _SE.COOLING)

SESSION: Final[Mapping[tuple[SessionStatus, SessionTrigger], SessionStatus]] = {
    (_SE.ACTIVE, _ST.PAUSE): _SE.PAUSED,
    (_SE.ACTIVE, _ST.EXHAUST): _SE.PAUSED,
    (_SE.ACTIVE, _ST.REACH_LIMIT): _SE.PAUSED,
    (_SE.PAUSED, _ST.RESUME): _SE.ACTIVE,
    (_SE.ACTIVE, _ST.LEAVE_FENCE): _SE.AUTO_PAUSED,
    (_SE.AUTO_PAUSED, _ST.ENTER_FENCE): _SE.ACTIVE,
    (_SE.AUTO_PAUSED, _ST.RESUME): _SE.ACTIVE,
    **_from_each((_SE.ACTIVE, _SE.PAUSED, _SE.AUTO_PAUSED), (_ST.COOL,), _SE.COOLING),
    (_SE.COOLING, _ST.END_COOLING): _SE.ACTIVE,
    **_from_each(OPEN_NOT_CLOSING, (_ST.CHECK_OUT, _ST.FORCE_CHECK_OUT, _ST.END), _SE.CLOSING),
    (_SE.CLOSING, _ST.SETTLE): _SE.CLOSED,
    **_from_each((_SE.ACTIVE, _SE.PAUSED, _SE.AUTO_PAUSED), (_ST.VOID,), _SE.VOIDED),
}
"""Rule 2. A new session starts in `active`."""

_IT, _IN = IncidentTrigger, IncidentStatus
OPEN_INCIDENT: Final = (
    _IN.RAISED, _IN.NOTIFYING, _IN.ACKNOWLEDGED, _IN.ON_SCENE, _IN.EXHAUSTED,
)  # fmt: skip
UNANSWERED_INCIDENT: Final = (_IN.RAISED, _IN.NOTIFYING, _IN.EXHAUSTED)

INCIDENT: Final[Mapping[tuple[IncidentStatus, IncidentTrigger], IncidentStatus]] = {
    (_IN.RAISED, _IT.NOTIFY): _IN.NOTIFYING,
    (_IN.NOTIFYING, _IT.ESCALATE): _IN.NOTIFYING,
    (_IN.NOTIFYING, _IT.EXHAUST): _IN.EXHAUSTED,
    (_IN.EXHAUSTED, _IT.EXHAUST): _IN.EXHAUSTED,
    **_from_each(UNANSWERED_INCIDENT, (_IT.ACKNOWLEDGE,), _IN.ACKNOWLEDGED),
    (_IN.ACKNOWLEDGED, _IT.IDLE): _IN.NOTIFYING,
    (_IN.ACKNOWLEDGED, _IT.ON_SCENE): _IN.ON_SCENE,
    **{(state, _IT.JOIN): state for state in OPEN_INCIDENT},
    (_IN.ACKNOWLEDGED, _IT.NEED_BACKUP): _IN.ACKNOWLEDGED,
    (_IN.ON_SCENE, _IT.NEED_BACKUP): _IN.ON_SCENE,
    **_from_each(OPEN_INCIDENT, (_IT.RESOLVE,), _IN.RESOLVED),
    **_from_each(OPEN_INCIDENT, (_IT.FALSE_ALARM,), _IN.FALSE_ALARM),
}
"""Rule 8. There is no silent end: only `resolved` and `false_alarm`, each said by a person."""

TILL: Final[Mapping[tuple[TillStatus, TillTrigger], TillStatus]] = {
    (TillStatus.OPEN, TillTrigger.COUNT): TillStatus.ENDED,
    (TillStatus.OPEN, TillTrigger.CUTOVER): TillStatus.ENDED,
    (TillStatus.ENDED, TillTrigger.COUNT): TillStatus.ENDED,
    (TillStatus.ENDED, TillTrigger.CLOSE): TillStatus.CLOSED,
}
"""Rule 13. A till that the cutover ended is counted afterwards, so `ended` may be counted."""

SHIFT: Final[Mapping[tuple[ShiftStatus, ShiftTrigger], ShiftStatus]] = {
    (ShiftStatus.OPEN, ShiftTrigger.START_BREAK): ShiftStatus.ON_BREAK,
    (ShiftStatus.ON_BREAK, ShiftTrigger.END_BREAK): ShiftStatus.OPEN,
    (ShiftStatus.OPEN, ShiftTrigger.CLOCK_OUT): ShiftStatus.ENDED,
    (ShiftStatus.ON_BREAK, ShiftTrigger.CLOCK_OUT): ShiftStatus.ENDED,
    (ShiftStatus.OPEN, ShiftTrigger.CUTOVER): ShiftStatus.NEEDS_REVIEW,
    (ShiftStatus.ON_BREAK, ShiftTrigger.CUTOVER): ShiftStatus.NEEDS_REVIEW,
    (ShiftStatus.NEEDS_REVIEW, ShiftTrigger.REVIEW): ShiftStatus.ENDED,
}
"""Rule 13. The end of a forgotten shift is not invented; management sets it."""

HOLD: Final[Mapping[tuple[HoldStatus, HoldTrigger], HoldStatus]] = {
    (HoldStatus.OPEN, HoldTrigger.CAPTURE): HoldStatus.CAPTURED,
    (HoldStatus.OPEN, HoldTrigger.RELEASE): HoldStatus.RELEASED,
    (HoldStatus.OPEN, HoldTrigger.EXPIRE): HoldStatus.EXPIRED,
}
"""Rules 3 and 9. Settled once only."""

TRANSACTION: Final[Mapping[tuple[TransactionStatus, TransactionTrigger], TransactionStatus]] = {
    (TransactionStatus.PENDING, TransactionTrigger.POST): TransactionStatus.POSTED,
    (TransactionStatus.PENDING, TransactionTrigger.VOID): TransactionStatus.VOIDED,
    (TransactionStatus.POSTED, TransactionTrigger.VOID): TransactionStatus.VOIDED,
}
"""Rules 10 and 11. Voiding what is posted goes with a mirror journal."""

_PA = PaymentStatus
PAYMENT: Final[Mapping[PaymentStatus, frozenset[PaymentStatus]]] = {
    _PA.CREATED: frozenset(
        {_PA.REQUIRES_ACTION, _PA.PROCESSING, _PA.SUCCEEDED, _PA.FAILED, _PA.CANCELED}
    ),
    _PA.REQUIRES_ACTION: frozenset({_PA.PROCESSING, _PA.SUCCEEDED, _PA.FAILED, _PA.CANCELED}),
    _PA.PROCESSING: frozenset({_PA.REQUIRES_ACTION, _PA.SUCCEEDED, _PA.FAILED, _PA.CANCELED}),
    _PA.FAILED: frozenset({_PA.SUCCEEDED}),
    _PA.CANCELED: frozenset({_PA.SUCCEEDED}),
    _PA.SUCCEEDED: frozenset({_PA.PARTIALLY_REFUNDED, _PA.REFUNDED, _PA.DISPUTED}),
    _PA.PARTIALLY_REFUNDED: frozenset({_PA.REFUNDED, _PA.DISPUTED}),
    _PA.REFUNDED: frozenset({_PA.DISPUTED}),
    _PA.DISPUTED: frozenset({_PA.DISPUTE_WON, _PA.DISPUTE_LOST}),
    _PA.DISPUTE_WON: frozenset(),
    _PA.DISPUTE_LOST: frozenset(),
}
"""Rule 11, as the provider reports it: the trigger is the new state itself. Money that did arrive
after a failure is money, and a refunded payment can still be disputed."""

PAYMENT_RANK: Final[Mapping[PaymentStatus, int]] = {
    _PA.CREATED: 0,
    _PA.REQUIRES_ACTION: 1,
    _PA.PROCESSING: 1,
    _PA.FAILED: 2,
    _PA.CANCELED: 2,
    _PA.SUCCEEDED: 3,
    _PA.PARTIALLY_REFUNDED: 4,
    _PA.REFUNDED: 5,
    _PA.DISPUTED: 6,
    _PA.DISPUTE_WON: 7,
    _PA.DISPUTE_LOST: 7,
}
"""Rule 11: a report of lower rank is ignored and logged; reports come in any order."""


class PaymentReport(enum.StrEnum):
    """What to do with a provider's word on a payment."""

    APPLY = "apply"
    IGNORE = "ignore"
    LATE_FAILURE = "late_failure"
    """A failure after success: nothing is clawed back, the owner is told (Rule 11)."""


def judge_payment_report(current: PaymentStatus, reported: PaymentStatus) -> PaymentReport:
    """Whether a reported state moves a payment on; steps may have been missed in between."""
    rank, reported_rank = PAYMENT_RANK[current], PAYMENT_RANK[reported]
    if reported_rank == PAYMENT_RANK[_PA.FAILED] and rank >= PAYMENT_RANK[_PA.SUCCEEDED]:
        return PaymentReport.LATE_FAILURE
    if reported_rank > rank or reported in PAYMENT[current]:
        return PaymentReport.APPLY
    return PaymentReport.IGNORE
