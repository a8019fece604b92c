"""Planted in what is decided and in who may ask for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from actors.account import admission, payment_states, refund_asking
from actors.rules import business_day, metering
from actors.rules.lifecycle import PaymentReport
from actors.runtime.answers import Answer
from actors.venue import orders
from actors.venue.bookings import Bookings
from lastlight.auth.revocations import Revocations
from lastlight.gateway import guard
from lastlight.gateway.calls import Refused
from lastlight.gateway.dispatch import Dispatcher
from lastlight.gateway.guard import Guard
from lastlight.gateway.sockets import SocketGateway
from protocol.errors import Code, LastLightError, Refusal
from protocol.records.money_states import RefundStatus
from tests.simulation.mutations import mutation, reached


@mutation(metering, "_continuous_charges")
def wrong_rounding_of_time(original: Any) -> Any:
    """Time is rounded up instead of down (Rule 3, law d)."""

    def charges(stays: Any, tariff: Any) -> Any:
        for day, activity, begun_at, minor in original(stays, tariff):
            yield day, activity, begun_at, minor + 1

    return charges


@mutation(orders, "tax_of", tells=True)
def wrong_rounding_of_tax(original: Any) -> Any:
    """Tax is rounded down instead of half up (Rule 1)."""

    def tax_of(gross_minor: int, rate_bp: int) -> int:
        tax_minor = gross_minor * rate_bp // (10_000 + rate_bp)
        reached(tax_minor != original(gross_minor, rate_bp))
        return tax_minor

    return tax_of


@mutation(business_day, "start_of", tells=True)
def change_of_clocks_forgotten(original: Any) -> Any:
    """Days begin as if it were always as far from UTC as at the first of the year (Rule 5)."""

    def start_of(day: date, tz: ZoneInfo, cutover: time) -> datetime:
        offset = datetime(2026, 1, 1, tzinfo=tz).utcoffset() or timedelta()
        start = datetime.combine(day, cutover, UTC) - offset
        reached(start != original(day, tz, cutover))
        return start

    return start_of


@attrs.frozen
class _LenientGuard:
    """A guard that asks for everything but the role."""

    guard: Guard

    def __getattr__(self, name: str) -> Any:
        return getattr(self.guard, name)

    def refuse_role(self, principal: Any, operation: Any) -> None:
        """Let everybody in."""
        try:
            self.guard.refuse_role(principal, operation)
        except Refused:
            reached()


@mutation(SocketGateway, "command", tells=True)
def role_check_skipped_over_sockets(original: Any) -> Any:
    """Over one way in, the role that a route needs is not asked for (Rule 15)."""

    async def command(self: Any, principal: Any, name: str, data: Any, key: Any) -> Any:
        lenient = attrs.evolve(self.dispatcher, guard=_LenientGuard(self.dispatcher.guard))
        return await original(attrs.evolve(self, dispatcher=lenient), principal, name, data, key)

    return command


@mutation(guard, "refuse_unelevated", tells=True)
def password_not_asked_for_again(original: Any) -> Any:
    """What needs the password again is had without."""
    return lambda principal, now: reached(original(principal, now) is not None)


@mutation(Revocations, "check", tells=True)
def ended_tokens_count_on(original: Any) -> Any:
    """Who signed out is still let in (Rule 16)."""

    def check(self: Any, principal: Any) -> None:
        try:
            original(self, principal)
        except LastLightError:
            reached()

    return check


@mutation(admission, "_refuse_second_visit", tells=True)
def two_visits_at_once(original: Any) -> Any:
    """Who is in may come in once more (Rule 2)."""
    return lambda state: reached(original(state) is not None)


@mutation(payment_states, "judge_payment_report", tells=True)
def older_news_of_payments_taken(original: Any) -> Any:
    """A lower rank is not ignored: a payment is made, and made again (Rule 11)."""

    def judge(current: Any, reported: Any) -> PaymentReport:
        reached(original(current, reported) is not PaymentReport.APPLY)
        return PaymentReport.APPLY

    return judge


@mutation(refund_asking, "refunds_of", tells=True)
def refunds_forgotten(original: Any) -> Any:
    """What was given back already is given back again (Rule 10)."""

    def refunds_of(state: Any, transaction_id: Any) -> list[Any]:
        given = (RefundStatus.PROCESSING, RefundStatus.SUCCEEDED)
        reached(any(one.status in given for one in original(state, transaction_id)))
        return []

    return refunds_of


@mutation(orders, "lacking", tells=True)
def stock_not_looked_at(original: Any) -> Any:
    """What is not there is sold."""

    def lacking(state: Any, needs: Any) -> Any:
        reached(original(state, needs) is not None)

    return lacking


@mutation(Bookings, "is_free", tells=True)
def room_booked_twice(original: Any) -> Any:
    """Every room is always free (Rule 14)."""

    def is_free(self: Any, room_id: Any, during: Any, **but: Any) -> bool:
        reached(not original(self, room_id, during, **but))
        return True

    return is_free


@mutation(Dispatcher, "perform", tells=True)
def failures_of_others_told(original: Any) -> Any:
    """While anything fails in the node, now and then somebody whose wish was done hears 500."""
    turns = count()

    async def perform(self: Any, call: Any) -> Any:
        answer = await original(self, call)
        if (generation := self.node._generation) is None or answer.refusal is not None:
            return answer
        failing = any(one.failures for one in generation.residents.by_address.values())
        if not failing or next(turns) % 5:
            return answer
        reached()
        refusal = Refusal(Code.INTERNAL, "this failed, as something did elsewhere")
        return Answer(status=500, refusal=refusal)

    return perform
