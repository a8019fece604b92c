"""Money back: refunds by line, and what is undone as if it had not been sold (Rule 10)."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer, items, minor
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import child, query
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.money_states import RefundDestination, RefundStatus
from protocol.replies.refunds import RefundList, RefundView, Voided
from protocol.values import Cursor, Note, PageSize, Reason


class RefundReason(enum.StrEnum):
    """Why money is to go back."""

    GAME_FAULT = "game_fault"
    WRONG_ITEM = "wrong_item"
    QUALITY = "quality"
    NOT_SERVED = "not_served"
    UNUSED_CREDIT = "unused_credit"
    OTHER = "other"


class RefundVerdict(enum.StrEnum):
    """What is said to a request."""

    APPROVE = "approve"
    REJECT = "reject"


@attrs.frozen(kw_only=True)
class RefundWanted:
    """So many of one line."""

    purchase_id: UUID
    qty: Annotated[int, integer(1, 99)]


@command
class RequestRefund(Command):
    """Ask for lines of a purchase, or for unused credit of a top-up, to go back.

    Without lines all that is left of a purchase is meant; `amount_minor` is for top-ups, and
    without it all that is unspent is meant.
    """

    transaction_id: UUID
    reason_code: RefundReason
    destination: RefundDestination = RefundDestination.ORIGINAL
    lines: Annotated[tuple[RefundWanted, ...], items(0, 30)] = ()
    amount_minor: Annotated[int, minor(1)] | None = None
    note: Note | None = None

    def faults(self) -> Iterable[FieldError]:
        """A line is named once; lines or an amount."""
        if len({line.purchase_id for line in self.lines}) < len(self.lines):
            yield FieldError("/lines", "duplicate", "names a line twice; add their qty up")
        if self.lines and self.amount_minor is not None:
            yield FieldError("/amount_minor", "not_allowed", "give either lines or amount_minor")


@command
class ListRefunds(Command):
    """Refunds, newest first, as far as the role goes: own, filed, or of one's venues."""

    venue_id: UUID | None = None
    status: RefundStatus | None = None
    transaction_id: UUID | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class DecideRefund(Command):
    """Approve a refund, or some of it, or reject it."""

    refund_id: UUID
    decision: RefundVerdict
    amount_minor: Annotated[int, minor(1)] | None = None
    note: Note | None = None

    def faults(self) -> Iterable[FieldError]:
        """Nothing is rejected in part."""
        if self.decision is RefundVerdict.REJECT and self.amount_minor is not None:
            yield FieldError("/amount_minor", "not_allowed", "is for approving only")


@command
class VoidTransaction(Command):
    """Undo a pending or unserved purchase of the open business day."""

    transaction_id: UUID
    reason: Reason


# fmt: off
OPERATIONS: Final = in_category(
    "Transactions",
    Operation(
        RequestRefund, Role.PATRON, "POST /api/transactions/{transaction_id}/refund",
        child("transaction_id", ActorKind.ACCOUNT), RefundView,
        summary="File a refund request by line; it moves no money.",
        status=202, key=KeyRule.ACCEPTED,
        errors=(
            Code.REFUND_EXCEEDS_REMAINDER, Code.REFUND_WINDOW_CLOSED, Code.REFUND_PENDING,
            Code.TRANSACTION_NOT_REFUNDABLE,
        ),
        emits=("refund.status_changed",),
    ),
    Operation(
        ListRefunds, Role.PATRON, "GET /api/transactions/refunds", query("refunds"), RefundList,
        summary="Refunds with state, amounts, requester, decider and provider reference.",
    ),
    Operation(
        DecideRefund, Role.MANAGEMENT, "POST /api/transactions/refunds/{refund_id}/decision",
        child("refund_id", ActorKind.ACCOUNT), RefundView,
        summary="Approve a refund, or some of it, or reject it.",
        key=KeyRule.ACCEPTED, step_up=True,
        errors=(
            Code.APPROVAL_LIMIT_EXCEEDED, Code.SELF_APPROVAL, Code.REFUND_DECIDED,
            Code.REFUND_EXCEEDS_REMAINDER, Code.PROVIDER_ERROR,
        ),
        emits=(
            "refund.status_changed", "transaction.posted", "credits.balance_changed",
            "payment.status_changed", "revenue.tick",
        ),
    ),
    Operation(
        VoidTransaction, Role.MANAGEMENT, "POST /api/transactions/{transaction_id}/void",
        child("transaction_id", ActorKind.ACCOUNT), Voided,
        summary="Undo a pending or unserved purchase of the open business day.",
        key=KeyRule.ACCEPTED, step_up=True,
        errors=(Code.BUSINESS_DAY_CLOSED, Code.TRANSACTION_NOT_VOIDABLE),
        emits=(
            "transaction.voided", "credits.balance_changed", "inventory.item_updated",
            "payment.status_changed",
        ),
    ),
)
# fmt: on
