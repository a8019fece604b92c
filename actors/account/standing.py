"""Whether somebody may: by status, age, exclusions and own limits, and whose wallet it is.

Each question is asked alone, because the contract fixes the order in which an operation asks them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from actors.account.state import AccountState, cost_minor
from actors.rules.age import age_years
from actors.rules.business_day import business_day_of, posting_day
from actors.rules.permissions import refuse_object
from actors.rules.profile import VenueProfile
from actors.runtime.outcome import Context
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.records.money_states import TransactionKind
from protocol.records.states import ExclusionKind, LimitKind, LimitPeriod, UserStatus
from protocol.records.users import Exclusion, UserLimit

LIMIT_DAYS: Final = {LimitPeriod.DAY: 1, LimitPeriod.WEEK: 7, LimitPeriod.MONTH: 30}
"""Rule 7: one, 7 or 30 business days, today's included."""


def profile_at(context: Context, venue_id: UUID) -> VenueProfile | None:
    """What a venue says of itself, or None if there is no such venue."""
    profile: VenueProfile | None = context.shared(Address(ActorKind.VENUE, venue_id))
    return profile


def business_day_at(context: Context, venue_id: UUID) -> date:
    """The trading day to which things are posted now at a venue that exists (Rule 5)."""
    profile = profile_at(context, venue_id)
    assert profile is not None, f"venue {venue_id} has shared no profile"
    today = business_day_of(context.now, profile.tz, profile.settings.cutover)
    return posting_day(today, profile.closed_through)


def open_day_of(context: Context, venue_id: UUID, day: date) -> date:
    """The day to which something of `day` is posted now: that day, or today if it is closed."""
    today = business_day_at(context, venue_id)
    profile = profile_at(context, venue_id)
    through = None if profile is None else profile.closed_through
    return day if through is None or day > through else today


def acts_for_another(state: AccountState, context: Context) -> bool:
    """Whether the caller is someone else than whose account it is."""
    assert context.principal is not None, "a command of the contract has a principal"
    return context.principal.user_id != state.user_id


def refuse_stranger(state: AccountState, context: Context, venue_id: UUID) -> Refusal | None:
    """Rule 15: for another only staff of the venue act, and others don't learn who exists."""
    assert context.principal is not None, "a command of the contract has a principal"
    return refuse_object(
        context.principal,
        owner_id=state.user_id,
        venue_id=venue_id,
        least=Role.STAFF,
        whose=f"user {state.user_id}",
    )


def refuse_inactive(state: AccountState, code: Code) -> Refusal | None:
    """A suspended or erased account does nothing; how that is called depends on the operation."""
    user = state.user
    if user.status is UserStatus.ACTIVE and user.deleted_at is None:
        return None
    return Refusal(
        code, f"account {user.id} is {user.status.value}; ask the management of the venue"
    )


def verified_age(state: AccountState, context: Context, venue_id: UUID) -> int | None:
    """Years, on the venue's local date; None if age was never verified."""
    user, profile = state.user, profile_at(context, venue_id)
    if user.age_verified_at is None or user.birth_date is None or profile is None:
        return None
    return age_years(user.birth_date, context.now.astimezone(profile.tz).date())


def refuse_age(years: int | None, least_years: int | None) -> Refusal | None:
    """Where an age is required, it must be verified and reached."""
    if least_years is None or (years is not None and years >= least_years):
        return None
    known = "was never verified" if years is None else f"is {years}"
    return Refusal(
        Code.AGE_UNVERIFIED,
        f"the age {known}; {least_years} years are needed here; show a document to the staff",
    )


def exclusion_now(state: AccountState, venue_id: UUID, now: datetime) -> Exclusion | None:
    """What keeps this person out of a venue: a ban if there is one, else what began first."""
    found = [
        exclusion
        for exclusion in state.all(Exclusion)
        if exclusion.venue_id in (None, venue_id) and in_force(exclusion, now)
    ]
    return min(
        found,
        key=lambda one: (one.kind is not ExclusionKind.VENUE_BAN, one.starts_at),
        default=None,
    )


def refuse_exclusion(
    state: AccountState, venue_id: UUID, now: datetime, *, ban: Code = Code.EXCLUDED
) -> Refusal | None:
    """Exclusion blocks check-in, top-up and purchase (Rule 7); `ban` is how a ban is called."""
    exclusion = exclusion_now(state, venue_id, now)
    if exclusion is None:
        return None
    if exclusion.kind is ExclusionKind.VENUE_BAN:
        return Refusal(ban, f"user {state.user_id} is banned from here; ask the management")
    until = "" if exclusion.ends_at is None else f", at least until {exclusion.ends_at.isoformat()}"
    return Refusal(
        Code.EXCLUDED,
        f"user {state.user_id} is excluded by own wish ({exclusion.kind.value}){until}; "
        "check-out, refunds and export stay open",
    )


def refuse_spend(
    state: AccountState, amount_minor: int, today: date, now: datetime
) -> Refusal | None:
    """Why own limits forbid to spend this much more; of 0, whether one is reached already."""
    kinds = (TransactionKind.PURCHASE, TransactionKind.USAGE, TransactionKind.TIP)
    return _refuse_limit(
        state, LimitKind.SPEND, kinds, amount_minor, today, now, Code.SPEND_LIMIT_REACHED
    )


def refuse_top_up(
    state: AccountState,
    amount_minor: int,
    today: date,
    now: datetime,
    *,
    besides: UUID | None = None,
) -> Refusal | None:
    """Why own limits forbid to pay this much more in; top-ups count gross.

    `besides` is the top-up that is asked about, if it waits for its card already.
    """
    kinds, code = (TransactionKind.TOPUP,), Code.TOPUP_LIMIT_REACHED
    return _refuse_limit(state, LimitKind.TOPUP, kinds, amount_minor, today, now, code, besides)


def in_force(exclusion: Exclusion, now: datetime) -> bool:
    """Whether an exclusion keeps anybody out now."""
    if now < exclusion.starts_at:
        return False
    if exclusion.ended_at is not None:
        return now < exclusion.ended_at
    # After a self-exclusion, access returns only when it is asked for in person: `ended_at`.
    if exclusion.kind is ExclusionKind.SELF_EXCLUSION:
        return True
    return exclusion.ends_at is None or now < exclusion.ends_at


def limit_now(limit: UserLimit, now: datetime) -> int | None:
    """What holds now; a raised value only once it was confirmed and its day has passed."""
    pending = limit.pending_effective_at
    if pending is not None and limit.confirmed_at is not None and pending <= now:
        return None if limit.pending_removal else limit.pending_value
    return limit.value if limit.effective_at <= now else None


def _refuse_limit(
    state: AccountState,
    kind: LimitKind,
    counted: tuple[TransactionKind, ...],
    amount_minor: int,
    today: date,
    now: datetime,
    code: Code,
    besides: UUID | None = None,
) -> Refusal | None:
    """Rule 7: what waits for a card counts as well, or several at once would pass the limit."""
    for limit in state.all(UserLimit):
        value = limit_now(limit, now) if limit.kind is kind else None
        if value is None or limit.superseded_at is not None:
            continue
        first = today - timedelta(days=LIMIT_DAYS[limit.period] - 1)
        waiting = (row for row in state.pending(*counted) if row.id != besides)
        used = state.spent_minor(counted, first, today) + sum(map(cost_minor, waiting))
        # At the limit nothing more goes, not even what the amount of is not known yet.
        if used + max(1, amount_minor) > value:
            return Refusal(
                code,
                f"{used} minor of the own {kind.value} limit of {value} per {limit.period.value} "
                f"are used or wait for a card; {amount_minor} more would pass it",
                extra={"limit_minor": value, "used_minor": used},
            )
    return None
