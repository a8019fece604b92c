"""The account as a visit sees it: a hold is raised as far as credit goes, and never overdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import attrs

from protocol.commands import Command
from protocol.errors import Code, Refusal
from protocol.internal.allowances import TimeAllowance
from protocol.internal.managing import (
    FindOpenOrders,
    NoOpenOrders,
    VisitOver,
    VisitVoided,
    VoidVisit,
)
from protocol.internal.shortening import ShortenVisit, VisitShortened
from protocol.internal.visit_holds import HoldForVisit, VisitHeld
from protocol.internal.visits import (
    CaptureUsage,
    SettleVisit,
    UsageCaptured,
    UsageLine,
    VisitSettled,
)

RECEIPT, CORRECTION = UUID(int=22), UUID(int=23)


@attrs.define(eq=False)
class Wallet:
    """The account as a visit sees it."""

    available: int
    held: int = 0
    charged: int = 0
    settled: bool = False
    lines: list[UsageLine] = attrs.field(factory=list)
    sources: set[tuple[UUID, int]] = attrs.field(factory=set)
    purchases: int = 0
    open_orders: int = 0
    """Lines paid by card that were not served."""
    time: TimeAllowance = attrs.field(factory=TimeAllowance)
    mirrors: int = 0
    """How often something went back of what was charged."""

    def take(self, command: Command, now: datetime, *, in_saga: bool) -> Command | Refusal | None:
        """What the account answers."""
        match command:
            case VoidVisit() if self.settled or self.purchases:
                return Refusal(Code.SESSION_NOT_VOIDABLE, "settled, or something was bought")
            case VoidVisit():
                back, self.charged, self.settled = self.charged, 0, True
                self._hold(0)
                self.available += back
                return VisitVoided(
                    session_id=command.session_id, reason=command.reason, reversed_minor=back
                )
            case FindOpenOrders() if self.open_orders:
                return Refusal(Code.OPEN_ORDERS_EXIST, "not served")
            case FindOpenOrders():
                return NoOpenOrders(session_id=command.session_id)
            case ShortenVisit():
                self._give_back(command.owed_minor)
                return VisitShortened(
                    session_id=command.session_id,
                    receipt_id=CORRECTION,
                    time_minor=self.charged,
                    total_minor=self.charged + self.purchases,
                )
            case VisitOver():
                return None
            case _ if self.settled:
                return Refusal(Code.SESSION_CLOSED, "settled")
            case CaptureUsage():
                captured = self._charge(command.lines, command.tick, command.hold_target_minor)
                due = sum(line.amount_minor for line in command.lines)
                held, back = self.held, self._give_back(command.owed_minor)
                return UsageCaptured(
                    session_id=command.session_id,
                    tick=command.tick,
                    captured_minor=captured,
                    held_minor=self.held,
                    available_minor=self.available,
                    short_minor=due + command.hold_target_minor - captured - held,
                    time=self.time,
                    returned_minor=back,
                )
            case HoldForVisit():
                if command.hold_target_minor - self.held > self.available:
                    return Refusal(Code.INSUFFICIENT_CREDITS, "short")
                self._hold(command.hold_target_minor)
                return VisitHeld(
                    session_id=command.session_id,
                    purpose=command.purpose,
                    held_minor=self.held,
                    available_minor=self.available,
                    time=self.time,
                )
            case SettleVisit():
                captured = self._charge(command.lines, command.tick, 0)
                self._hold(0)
                self._give_back(command.owed_minor)
                self.settled = True
                return VisitSettled(
                    session_id=command.session_id,
                    receipt_id=RECEIPT,
                    captured_minor=captured,
                    purchases_minor=self.purchases,
                    total_minor=self.charged + self.purchases,
                    currency="JPY",
                )
        return None

    def _hold(self, target: int) -> None:
        change = min(target - self.held, self.available)
        self.held += change
        self.available -= change
        assert self.held >= 0
        assert self.available >= 0

    def _charge(self, lines: tuple[UsageLine, ...], tick: int, keep: int) -> int:
        self._hold(sum(line.amount_minor for line in lines) + keep)
        captured = 0
        for line in lines:
            amount = min(line.amount_minor, self.held)
            assert (line.segment_id, tick) not in self.sources, "a source is posted once"
            self.sources.add((line.segment_id, tick))
            self.held -= amount
            captured += amount
            self.lines.append(line)
        self.charged += captured
        return captured

    def _give_back(self, owed_minor: Mapping[date, int] | None) -> int:
        if owed_minor is None:
            return 0
        back = max(0, self.charged - sum(owed_minor.values()))
        self.charged -= back
        self.available += back
        self.mirrors += 1 if back else 0
        return back
