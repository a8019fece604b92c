"""The words of the Financial, Inventory and Platform tables, exactly those of the contract.

As in `states`: stored as text with a check constraint of the same members.
"""

from __future__ import annotations

import enum


class TransactionKind(enum.StrEnum):
    """A business-level money event."""

    TOPUP = "topup"
    PURCHASE = "purchase"
    USAGE = "usage"
    TIP = "tip"
    GRANT = "grant"
    TRANSFER = "transfer"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    DISPUTE = "dispute"


class TransactionStatus(enum.StrEnum):
    """Whether the money has moved."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


class Tender(enum.StrEnum):
    """What was paid with."""

    CREDITS = "credits"
    CARD = "card"
    CASH = "cash"


class CreditSource(enum.StrEnum):
    """Paid credits never expire; bonus credits may, and never buy alcohol (Rules 4, 7)."""

    PAID = "paid"
    BONUS = "bonus"


class HoldStatus(enum.StrEnum):
    """Whether reserved credit still is."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class HoldPurpose(enum.StrEnum):
    """What a patron may reserve credit for; a visit and a reservation reserve their own."""

    ROOM_DEPOSIT = "room_deposit"
    TAB = "tab"


class GrantReason(enum.StrEnum):
    """Why bonus credit is given."""

    PROMOTION = "promotion"
    GOODWILL = "goodwill"
    GAME_FAULT = "game_fault"


class AccountKind(enum.StrEnum):
    """The kinds in the chart of accounts (Rule 9)."""

    PAID = "paid"
    BONUS = "bonus"
    HELD = "held"
    RECEIVABLE = "receivable"
    REVENUE = "revenue"
    TAX = "tax"
    TIPS = "tips"
    PROMO_EXPENSE = "promo_expense"
    REFUND_CLEARING = "refund_clearing"
    DISPUTE_LOSS = "dispute_loss"
    TILL = "till"
    STRIPE_CLEARING = "stripe_clearing"
    TRANSIT = "transit"


class NormalSide(enum.StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


class PurchaseStatus(enum.StrEnum):
    """What became of one ordered line."""

    ORDERED = "ordered"
    SERVED = "served"
    VOIDED = "voided"
    REFUNDED = "refunded"


class RefundStatus(enum.StrEnum):
    """The life of a refund (Rule 10)."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    APPROVED = "approved"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundDestination(enum.StrEnum):
    """Where refunded money goes."""

    ORIGINAL = "original"
    CREDITS = "credits"


class PaymentStatus(enum.StrEnum):
    """The life of a card payment (Rule 11)."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


class StripeEventStatus(enum.StrEnum):
    """How far the inbox is with a provider's event (Rule 11)."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    PARKED = "parked"


class TillStatus(enum.StrEnum):
    """A drawer by shift: ended after the blind count, closed once signed (Rule 13)."""

    OPEN = "open"
    ENDED = "ended"
    CLOSED = "closed"


class BusinessDayStatus(enum.StrEnum):
    """A closed day is frozen (Rule 5)."""

    OPEN = "open"
    CLOSED = "closed"


class GamePricing(enum.StrEnum):
    """A price per play, or a rate."""

    PLAY = "play"
    TIME = "time"


class GameStatus(enum.StrEnum):
    """Whether a machine can be played."""

    AVAILABLE = "available"
    IN_USE = "in_use"
    OUT_OF_ORDER = "out_of_order"
    CLEANING = "cleaning"
    RETIRED = "retired"


class RoomStatus(enum.StrEnum):
    """Whether a karaoke room can be entered."""

    READY = "ready"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"
    RESERVED = "reserved"
    OUT_OF_ORDER = "out_of_order"
    RETIRED = "retired"


class MovementKind(enum.StrEnum):
    """Why stock changed."""

    RECEIVE = "receive"
    SALE = "sale"
    RETURN = "return"
    WASTE = "waste"
    COUNT = "count"
    TRANSFER = "transfer"


class IdempotencyStatus(enum.StrEnum):
    """Whether a keyed request has its answer."""

    IN_PROGRESS = "in_progress"
    DONE = "done"


class ErasureKind(enum.StrEnum):
    """A copy of one's data, or its end."""

    EXPORT = "export"
    ERASE = "erase"
