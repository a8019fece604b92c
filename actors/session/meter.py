"""The running meter: what is asked of the account, what comes back, and when funds end (Rule 3).

One request is in flight at most, and none asks for more than is known to be held, so what comes
back is what was asked for. The next tick comes after a minute, at the cutover, when the
room's rate changes, or at the very instant at which funds end, whichever is first: there the
account is asked a last time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import attrs

from actors.rules.funds import FUNDS_HORIZON, HOLD_MINUTES, funds_end
from actors.rules.geofence import BACKDATED_MAX
from actors.rules.metering import Metered, Tariff, charge_at, next_cutover
from actors.rules.own_time import end_of_time
from actors.session.draft import METER, VisitDraft
from actors.session.rates import rate_changes_at
from protocol.internal.metering import TickMeter
from protocol.internal.visits import CaptureUsage, UsageLine
from protocol.records.visits import SessionSegment

TICK: Final = timedelta(seconds=60)
HOLD_AHEAD: Final = timedelta(minutes=HOLD_MINUTES)
HOLD_KEPT: Final = FUNDS_HORIZON
"""A visit's hold ends with the visit; this bound is moved on by each tick."""


def due_minor(draft: VisitDraft, at: datetime) -> dict[date, int]:
    """What time until `at` costs besides what was charged or asked for, by business day."""
    expected = draft.notes.expected_minor
    due = {}
    for day, minor in draft.charge(at).by_day().items():
        left_minor = minor - expected.get(day, 0)
        if left_minor > 0:
            due[day] = left_minor
    return due


def usage_lines(
    due: Mapping[date, int], segments: Iterable[SessionSegment], tax_bp: int
) -> tuple[UsageLine, ...]:
    """One line a day, in the name of the day's last segment: its journal needs a source."""
    known = list(segments)
    lines = []
    for day, minor in sorted(due.items()):
        of_day = [segment for segment in known if segment.business_day == day]
        segment = (of_day or known)[-1]
        lines.append(
            UsageLine(
                segment_id=segment.id,
                activity=segment.activity,
                business_day=day,
                amount_minor=minor,
                tax_bp=tax_bp,
            )
        )
    return tuple(lines)


def ahead_minor(
    segments: Iterable[Metered],
    at: datetime,
    since: datetime,
    tariff: Tariff,
    *,
    booked_until: datetime | None = None,
) -> int:
    """What a quarter of an hour from `at`, or a booking to its end, costs more than time until
    `since`.

    A booking's first block is longer: it is held whole. Where the cap bites, less is held.
    """
    known = list(segments)
    until = at + HOLD_AHEAD if booked_until is None else max(booked_until, at + HOLD_AHEAD)
    return charge_at(known, until, tariff).total_minor - charge_at(known, since, tariff).total_minor


def funds_minor(draft: VisitDraft) -> int:
    """All that the visit's time may cost: charged, held, and what else the wallet has."""
    notes = draft.notes
    return notes.settled_minor + draft.session.held_minor + notes.available_minor


def end_of_funds(draft: VisitDraft) -> datetime | None:
    """The instant until which the funds known of last; None if they last."""
    return funds_end(draft.segments, draft.now, draft.tariff, funds_minor=funds_minor(draft))


def covered_until(draft: VisitDraft, at: datetime, covered_minor: int) -> datetime:
    """The last moment, at most `at`, until which time costs no more than `covered_minor`."""
    *before, last = draft.segments
    # What has stopped is looked at as if it ran: `funds_end` asks how far the running time goes.
    running = [*before, last.evolve(ended_at=None)]
    end = funds_end(running, at, draft.tariff, funds_minor=covered_minor)
    return at if end is None else min(at, end)


def certain_until(draft: VisitDraft, at: datetime) -> datetime:
    """The last moment until which time is certain to be the patron's, at most `at`.

    While a fix speaks for having left, the meter may yet be stopped at that fix (Rule 6); what
    has been charged can't be taken back.
    """
    leaving_since = draft.fence.leaving_since
    if leaving_since is not None:
        at = min(at, max(leaving_since, draft.now - BACKDATED_MAX))
    return max(at, draft.notes.charged_until)


def is_behind(draft: VisitDraft) -> bool:
    """Whether more than a tick is still to be asked for: the hold did not reach, or time passed."""
    return certain_until(draft, draft.now) - draft.notes.charged_until > TICK


def not_before_charged(draft: VisitDraft, at: datetime) -> datetime:
    """`at`, or the first moment after it at which the meter can still be stopped."""
    return max(at, draft.notes.charged_until, draft.session.status_since, draft.began_at)


def ask(draft: VisitDraft, at: datetime, *, keep_minor: int | None = None) -> None:
    """Have time until `at` charged, as far as the hold is known to go.

    `keep_minor` is what to hold afterwards: by default as much as the next quarter of an hour
    may need. While a request is in flight nothing is asked.
    """
    if draft.notes.asked_minor is not None:
        return
    held_minor = draft.session.held_minor
    until = certain_until(draft, at)
    if sum(due_minor(draft, until).values()) > held_minor:
        covered_minor = draft.notes.settled_minor + held_minor
        until = max(covered_until(draft, until, covered_minor), draft.notes.charged_until)
    due = due_minor(draft, until)
    if keep_minor is None:
        keep_minor = ahead_minor(
            draft.segments,
            draft.now,
            until,
            draft.tariff,
            booked_until=draft.notes.booked_until,
        )
    else:
        keep_minor -= sum(due.values())
    notes = draft.notes = attrs.evolve(
        draft.notes,
        tick=draft.notes.tick + 1,
        asked_minor=due,
        owed_minor=draft.charge(until).by_day() if draft.notes.rewound else None,
        rewound=False,
        charged_until=until,
        hold_until=draft.now + HOLD_KEPT,
    )
    assert draft.session.hold_id is not None, "an open visit has a hold"
    draft.send(
        draft.account,
        CaptureUsage(
            session_id=draft.session.id,
            venue_id=draft.session.venue_id,
            hold_id=draft.session.hold_id,
            tick=notes.tick,
            lines=usage_lines(due, draft.segments, notes.tax_bp),
            hold_target_minor=max(0, keep_minor),
            hold_until=notes.hold_until,
            charged_until=until,
            owed_minor=notes.owed_minor,
            tax_bp=notes.tax_bp,
        ),
        detached=True,
    )


def ask_for_rest(draft: VisitDraft) -> None:
    """Have what is due charged when the meter has stopped, or what is too much given back; what
    is held besides stays held.
    """
    if due_minor(draft, draft.now) or draft.notes.rewound:
        ask(draft, draft.now, keep_minor=draft.session.held_minor)


def time_ends_at(draft: VisitDraft) -> datetime | None:
    """The instant at which the patron's own limits of time are used up; None if they last."""
    return end_of_time(draft.segments, draft.now, draft.tariff, draft.notes.time)


def arm(draft: VisitDraft) -> None:
    """Set the timer of the next tick, if time passes."""
    if draft.running is None:
        draft.cancel(METER)
        return
    due_at = min(draft.now + TICK, next_cutover(draft.now, draft.tariff))
    due_at = min(due_at, rate_changes_at(draft.notes, draft.profile, draft.now) or due_at)
    due_at = max(draft.now, min(due_at, time_ends_at(draft) or due_at))
    if draft.notes.asked_minor is None:
        # With a request in flight its answer decides how far the funds go.
        due_at = max(draft.now, min(due_at, end_of_funds(draft) or due_at))
    draft.timer(METER, due_at, TickMeter())
