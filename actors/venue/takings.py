"""The venue's live takings, and the price of credit packages.

Takings are the sum of what accounts booked, each once: the ledger's own figures, seen earlier.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.rules.opening_hours import is_open
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send, SetTimer
from actors.runtime.telling import tell
from actors.venue.days import closing_timers, day_of, new_day
from actors.venue.presence import next_whole
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.events.money import RevenueTick
from protocol.internal.floor import TellRevenue
from protocol.internal.orders import PricePackage, RevenueBooked, TakeCash
from protocol.internal.payments import OpenCardTopUp
from protocol.records.money_states import BusinessDayStatus, Tender
from protocol.records.payments import CreditPackage

REVENUE_EVERY: Final = timedelta(seconds=1)
REVENUE: Final = "revenue"
"""The timer of the next telling."""
_NOTHING: Final = {"gross_minor": 0, "tax_minor": 0}


@decides(RevenueBooked)
def decide_revenue_booked(state: VenueState, command: RevenueBooked, context: Context) -> Decision:
    """Add to the day's takings, and have them told when that is due. A closed day is frozen."""
    day = day_of(state, command.business_day)
    through = state.profile.closed_through
    frozen = day is not None and day.status is BusinessDayStatus.CLOSED
    if frozen or (through is not None and command.business_day <= through):
        # Posted before the day was closed, and told after it: the ledger has it.
        return Outcome()
    before = _NOTHING if day is None or day.totals is None else day.totals
    totals = {
        "gross_minor": before["gross_minor"] + command.gross_minor,
        "tax_minor": before["tax_minor"] + command.tax_minor,
        "last_minor": command.gross_minor,
    }
    due_at = next_whole(REVENUE_EVERY, context.now)
    told = SetTimer(REVENUE, due_at, TellRevenue())
    if day is not None:
        return Outcome(changes=(day.revised().evolve(totals=totals),), timers=(told,))
    made = new_day(state.profile, command.business_day, context.now).evolve(totals=totals)
    return Outcome(changes=(made,), timers=(told, *closing_timers(state, made, context.now)))


@decides(TellRevenue)
def decide_tell_revenue(state: VenueState, command: TellRevenue, context: Context) -> Decision:
    """Tell the takings of the open day: at most once a second."""
    day = state.open_day()
    if day is None or day.totals is None:
        return Outcome()
    totals = day.totals
    told = RevenueTick(
        venue_id=state.venue_id,
        business_day=day.business_day,
        gross_minor=totals["gross_minor"],
        net_minor=totals["gross_minor"] - totals["tax_minor"],
        last_minor=totals["last_minor"],
        currency=state.profile.currency,
        as_of=context.now,
    )
    return Outcome(events=(tell(told, venue_id=state.venue_id),))


@decides(PricePackage)
def decide_price_package(state: VenueState, command: PricePackage, context: Context) -> Decision:
    """Price a package that is on sale; cash is taken by who sells it, a card is waited for."""
    assert context.principal is not None, "somebody buys it, or takes cash for it"
    assert command.topup.package_id is not None, "an amount has no package to be priced"
    package = state.get(CreditPackage, command.topup.package_id)
    if package is None or not _on_sale(state, package, context):
        return not_found(f"package {command.topup.package_id}")
    if command.topup.tender is Tender.CARD:
        waiting = OpenCardTopUp(
            topup=command.topup,
            transaction_id=command.transaction_id,
            price_minor=package.price_minor,
            credits_minor=package.credits_minor,
            bonus_minor=package.bonus_minor,
            bonus_days=package.bonus_days,
            package_id=package.id,
            per_day_cap=package.per_day_cap,
        )
        return Outcome(sends=(Send(Address(ActorKind.ACCOUNT, command.user_id), waiting),))
    take = TakeCash(
        topup=command.topup,
        user_id=command.user_id,
        transaction_id=command.transaction_id,
        price_minor=package.price_minor,
        credits_minor=package.credits_minor,
        bonus_minor=package.bonus_minor,
        bonus_days=package.bonus_days,
        package_id=package.id,
        per_day_cap=package.per_day_cap,
    )
    return Outcome(sends=(Send(Address(ActorKind.STAFF, context.principal.user_id), take),))


def _on_sale(state: VenueState, package: CreditPackage, context: Context) -> bool:
    hours = package.valid_hours
    in_hours = hours is None or is_open(hours, context.now, state.profile.tz)
    return package.active and package.retired_at is None and in_hours
