"""Planted in what is decided and in who may ask for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from actors.account import admission, payment_states, refund_asking
from actors.rules import business_day, metering
from actors.rules.lifecycle import PaymentReport
from actors.venue import orders, stock
from actors.venue.bookings import Bookings
from lastlight.auth.revocations import Revocations
from lastlight.gateway import guard
from lastlight.gateway.guard import Guard
from lastlight.gateway.sockets import SocketGateway
from tests.simulation.mutations import mutation


@mutation(metering, "_continuous_charges")
def wrong_rounding_of_time(original: Any) -> Any:
    """Time is rounded up instead of down (Rule 3, law d)."""

    def charges(stays: Any, tariff: Any) -> Any:
        for day, activity, begun_at, minor in original(stays, tariff):
            yield day, activity, begun_at, minor + 1

    return charges


@mutation(orders, "tax_of")
def wrong_rounding_of_tax(_: Any) -> Any:
    """Tax is rounded down instead of half up (Rule 1)."""
    return lambda gross_minor, rate_bp: gross_minor * rate_bp // (10_000 + rate_bp)


@mutation(business_day, "start_of")
def change_of_clocks_forgotten(_: Any) -> Any:
    """Days begin as if it were always as far from UTC as at the first of the year (Rule 5)."""

    def start_of(day: date, tz: ZoneInfo, cutover: time) -> datetime:
        offset = datetime(2026, 1, 1, tzinfo=tz).utcoffset() or timedelta()
        return datetime.combine(day, cutover, UTC) - offset

    return start_of


@attrs.frozen
class _LenientGuard:
    """A guard that asks for everything but the role."""

    guard: Guard

    def __getattr__(self, name: str) -> Any:
        return getattr(self.guard, name)

    def refuse_role(self, principal: Any, operation: Any) -> None:
        """Let everybody in."""


@mutation(SocketGateway, "command")
def role_check_skipped_over_sockets(original: Any) -> Any:
    """Over one way in, the role that a route needs is not asked for (Rule 15)."""

    async def command(self: Any, principal: Any, name: str, data: Any, key: Any) -> Any:
        lenient = attrs.evolve(self.dispatcher, guard=_LenientGuard(self.dispatcher.guard))
        return await original(attrs.evolve(self, dispatcher=lenient), principal, name, data, key)

    return command


@mutation(guard, "refuse_unelevated")
def password_not_asked_for_again(_: Any) -> Any:
    """What needs the password again is had without."""
    return lambda principal, now: None


@mutation(Revocations, "check")
def ended_tokens_count_on(_: Any) -> Any:
    """Who signed out is still let in (Rule 16)."""
    return lambda self, principal: None


@mutation(admission, "_refuse_second_visit")
def two_visits_at_once(_: Any) -> Any:
    """Who is in may come in once more (Rule 2)."""
    return lambda state: None


@mutation(payment_states, "judge_payment_report")
def older_news_of_payments_taken(_: Any) -> Any:
    """A lower rank is not ignored: a payment is made, and made again (Rule 11)."""
    return lambda current, reported: PaymentReport.APPLY


@mutation(refund_asking, "refunds_of")
def refunds_forgotten(_: Any) -> Any:
    """What was given back already is given back again (Rule 10)."""
    return lambda state, transaction_id: []


@mutation(stock, "lacking")
def stock_not_looked_at(_: Any) -> Any:
    """What is not there is sold."""
    return lambda state, needs: None


@mutation(Bookings, "is_free")
def room_booked_twice(_: Any) -> Any:
    """Every room is always free (Rule 14)."""
    return lambda self, room_id, during, but=None: True
