"""What is done with a wallet besides buying: grants, gifts, holds, tips, corrections by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import PREPARED, integer, items, minor, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.operations.addresses import account, child, own_account, venue
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.money_states import GrantReason, HoldPurpose
from protocol.records.values import Json
from protocol.replies.wallet import (
    Adjusted,
    Granted,
    HoldPlaced,
    HoldSettled,
    TipAdded,
    Transferred,
)
from protocol.values import Amount, Note, Reason, SignedAmount

TRANSFER_LEAST_MINOR: Final = 100
TRANSFER_MOST_MINOR: Final = 10_000


@command
class GrantCredits(Command):
    """Give bonus credits. They end at `expires_at`, and are burnt by `priority`, lowest first."""

    user_id: UUID
    venue_id: UUID
    amount_minor: Annotated[int, minor(1)]
    reason_code: GrantReason
    expires_at: datetime | None = None
    priority: Annotated[int, integer(0, 1000)] = 100
    note: Note | None = None


@attrs.frozen(kw_only=True)
class AdjustmentLine:
    """One line of a manual journal: + credit, − debit, on an account of the chart."""

    account: Annotated[str, text(min=1, max=160, pattern=r"[a-z0-9_:-]+")]
    amount_minor: SignedAmount

    def faults(self) -> Iterable[FieldError]:
        """A line of nothing says nothing."""
        if self.amount_minor == 0:
            yield FieldError("/amount_minor", "out_of_range", "must not be 0")


@command
class PostAdjustment(Command):
    """A balanced manual journal in a venue's books; what it corrects stays as it is (L3).

    `user_id` is whose wallet it touches; without one only accounts of the venue and the platform.
    """

    venue_id: UUID
    postings: Annotated[tuple[AdjustmentLine, ...], items(2, 20)]
    reason: Reason
    corrects_id: UUID
    """The transaction or journal that it puts right."""
    user_id: UUID | None = None
    balances: Annotated[Json | None, PREPARED] = None
    """What stood on the shared accounts of the lines, by code, when it was asked."""


@command
class TransferCredits(Command):
    """Gift paid credits to somebody, named by id or by a one-time code of theirs.

    Without `venue_id` it is booked where the giver was a guest last.
    """

    amount_minor: Annotated[int, minor(TRANSFER_LEAST_MINOR, TRANSFER_MOST_MINOR)]
    to_user_id: UUID | None = None
    code: Annotated[str, text(min=4, max=32, secret=True)] | None = None
    venue_id: UUID | None = None
    message: Note | None = None
    code_id: Annotated[UUID | None, PREPARED] = None
    code_owner_id: Annotated[UUID | None, PREPARED] = None

    def faults(self) -> Iterable[FieldError]:
        """One receiver, named in one way."""
        if (self.to_user_id is None) == (self.code is None):
            yield FieldError("/to_user_id", "required", "give either to_user_id or code")


@command
class PlaceHold(Command):
    """Reserve own credits; they return by themselves at `expires_at`, 12 hours ahead at most."""

    venue_id: UUID
    purpose: HoldPurpose
    amount_minor: Annotated[int, minor(1, 1_000_000)]
    expires_at: datetime


@command
class SettleHold(Command):
    """Take `capture_minor` of a hold, once; the rest returns. Of 0 all returns."""

    hold_id: UUID
    capture_minor: Amount
    note: Note | None = None


@command
class AddTip(Command):
    """Tip for an own purchase, within 24 hours, once, from paid credit."""

    transaction_id: UUID
    amount_minor: Annotated[int, minor(1, 1_000_000)]


# fmt: off
OPERATIONS: Final = in_category(
    "Transactions",
    Operation(
        GrantCredits, Role.MANAGEMENT, "POST /api/transactions/grant", account("user_id"), Granted,
        summary="Give bonus credits, within the limits of whoever gives them.",
        status=201, key=KeyRule.REQUIRED, warm=(venue("venue_id"),),
        errors=(Code.APPROVAL_LIMIT_EXCEEDED, Code.EXCLUDED, Code.NOT_FOUND),
        emits=("transaction.posted", "credits.balance_changed"),
    ),
    Operation(
        PostAdjustment, Role.OWNER, "POST /api/transactions/adjustments", account("user_id"),
        Adjusted,
        summary="Correct the books with a balanced journal; nothing is ever edited.",
        status=201, key=KeyRule.REQUIRED, step_up=True, prepare=("read_balances",),
        warm=(venue("venue_id"),),
        errors=(Code.BALANCE_WOULD_BE_NEGATIVE, Code.JOURNAL_UNBALANCED, Code.NOT_FOUND),
        emits=("transaction.posted", "credits.balance_changed"),
    ),
    Operation(
        TransferCredits, Role.PATRON, "POST /api/transactions/transfer", own_account, Transferred,
        summary="Gift paid credits to another patron, exactly once.",
        status=201, key=KeyRule.REQUIRED, prepare=("find_receiver",),
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.EXCLUDED, Code.TRANSFER_NOT_ALLOWED, Code.NOT_FOUND,
            Code.RECIPIENT_UNAVAILABLE,
        ),
        emits=("transaction.posted", "credits.balance_changed"),
    ),
    Operation(
        PlaceHold, Role.PATRON, "POST /api/transactions/holds", own_account, HoldPlaced,
        summary="Reserve own credits for a deposit or a tab.",
        status=201, key=KeyRule.REQUIRED, warm=(venue("venue_id"),),
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.EXCLUDED, Code.SPEND_LIMIT_REACHED, Code.NOT_FOUND,
        ),
        emits=("credits.balance_changed",),
    ),
    Operation(
        SettleHold, Role.MANAGEMENT, "POST /api/transactions/holds/{hold_id}/settle",
        child("hold_id", ActorKind.ACCOUNT), HoldSettled,
        summary="Capture some or all of a hold, once; the rest returns.",
        key=KeyRule.ACCEPTED,
        errors=(
            Code.INVALID_TRANSITION, Code.HOLD_SETTLED, Code.HOLD_EXPIRED,
            Code.AMOUNT_OUT_OF_RANGE,
        ),
        emits=("transaction.posted", "credits.balance_changed", "revenue.tick"),
    ),
    Operation(
        AddTip, Role.PATRON, "POST /api/transactions/{transaction_id}/tip",
        child("transaction_id", ActorKind.ACCOUNT), TipAdded,
        summary="Add a tip to an own purchase.",
        status=201, key=KeyRule.REQUIRED,
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.SPEND_LIMIT_REACHED, Code.TIP_ALREADY_ADDED,
            Code.TIP_WINDOW_CLOSED,
        ),
        emits=("transaction.posted", "credits.balance_changed", "staff.tip_received"),
    ),
)
# fmt: on
