"""Wallets: what accounts tell themselves by timer, one another for a gift, and others for money.

Chains: GrantCredits = account → venue (management only) → account; TransferCredits = giver →
receiver → giver; a reservation's deposit = venue → account → venue.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.wallet import GrantCredits


@command
class ExpireBonus(Command):
    """Account → itself, when a bonus lot's time is over: what is left of it goes (Rule 9)."""


@command
class ExpireHold(Command):
    """Account → itself, when a hold's time is over: what it still holds returns."""

    hold_id: UUID


@command
class PostGrant(Command):
    """Venue → account, for owners account → itself: give it, unless the receiver is excluded."""

    grant: GrantCredits
    user_id: UUID
    transaction_id: UUID


@command
class ReceiveGift(Command):
    """Giver → receiver: it is in transit; take it, or say `recipient_unavailable`.

    With a `code`, it is used up by this.
    """

    giver_id: UUID
    venue_id: UUID
    currency: str
    amount_minor: int
    given_id: UUID
    """The giver's transaction."""
    taken_id: UUID
    """What the receiver's transaction is to be named."""
    code_id: UUID | None = None
    message: str | None = None


@command
class GiftTaken(Command):
    """Receiver → giver: answer the transfer."""

    given_id: UUID


@command
class TakeBackGift(Command):
    """Undo of giving at the giver: what was in transit returns to where it came from."""

    given_id: UUID


@command
class ReturnGift(Command):
    """Undo of both halves at the receiver: the giver could not answer and takes the gift back.

    What of it was spent meanwhile is owed. The giver's half follows, as it was not in transit
    before.
    """

    taken_id: UUID
    code_id: UUID | None = None
    giver_id: UUID | None = None


@command
class HoldDeposit(Command):
    """Venue → account: reserve a reservation's deposit; 402 if funds are short, 403 if excluded.

    `hold_id` is made by the venue. By itself the hold ends at `hold_until`.
    """

    reservation_id: UUID
    venue_id: UUID
    hold_id: UUID
    amount_minor: int
    hold_until: datetime


@command
class DepositHeld(Command):
    """Account → venue: the deposit is reserved; answer the reservation."""

    reservation_id: UUID
    hold_id: UUID


@command
class ReleaseDeposit(Command):
    """Undo of HoldDeposit at the account, and → account for a free cancellation: all returns."""

    hold_id: UUID


@command
class SettleDeposit(Command):
    """→ account, detached: capture so much of a hold, and give the rest back.

    More than is held takes what is held; a hold that is over stays as it is.
    """

    hold_id: UUID
    capture_minor: int


@command
class GiveBackPlay(Command):
    """Venue → account, detached: a fault of a game was reported (Rule 4).

    The last play of it that was bought in the 10 minutes before `reported_at`, if there is one and
    it was not given back before, comes back as a grant. Harmless where there was none.
    """

    venue_id: UUID
    game_id: UUID
    reported_at: datetime
    reported_by: UUID | None = None


@command
class AllotTip(Command):
    """Account → staff: a tip was given to whom this person served."""

    transaction_id: UUID
    amount_minor: int
    currency: str
    business_day: date
    venue_id: UUID
