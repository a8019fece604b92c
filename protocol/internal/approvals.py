"""What a decider may still approve today: the account asks the venue, which alone can count it.

Chain: account (decides that it may be approved) → venue (counts it, or refuses) → account (does
it). The venue sends back what the account handed it, so it needs to know nothing of refunds or
grants. Owners have no limits; for them the account does not ask.
"""

from __future__ import annotations

import enum
from datetime import date
from uuid import UUID

import msgspec

from protocol.commands import Command, command
from protocol.records.values import Json


class ApprovalKind(enum.StrEnum):
    """What is approved; each kind has a day's sum of its own."""

    REFUND = "refund"
    GRANT = "grant"


@command
class ReserveApproval(Command):
    """Account → venue: count an amount that somebody approves, or refuse it.

    `then` is the account's own next step, as `step_of` spells it; it goes back to `account_id`
    once the amount is counted. If that step refuses, `ReleaseApproval` takes the count back.
    """

    account_id: UUID
    decider_id: UUID
    business_day: date
    kind: ApprovalKind
    amount_minor: int
    single_max_minor: int
    day_max_minor: int
    then: Json


@command
class ReleaseApproval(Command):
    """Undo of ReserveApproval at the venue: what was counted is not any more."""

    decider_id: UUID
    business_day: date
    kind: ApprovalKind
    amount_minor: int


def step_of(step: Command) -> Json:
    """A command as plain values, to be handed on by somebody who does not know it.

    `protocol.messages.command_from_wire(given["command"], given["data"])` reads it back.
    """
    return {"command": type(step).__name__, "data": msgspec.to_builtins(step)}
