"""A visit that is closed and whose patron had left before its end (Rule 12).

The earliest check-out wins: the row that is kept, and the segments, end where it was; the account
gives back what was charged for later time, with a receipt that corrects the first. It never gets
longer again, and never shorter than to what its patron was last seen to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from actors.rules.metering import Charge, Tariff, charge_at
from actors.rules.own_time import time_by_day
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Event, Outcome, Send
from actors.runtime.telling import tell
from actors.session.draft import MS
from actors.session.keeping import time_lines
from actors.session.standing import profile_of
from actors.session.state import SessionState
from protocol.addresses import ActorKind, Address
from protocol.events.sessions import SessionStatusChanged
from protocol.internal.shortening import KeepEnd, ShortenVisit, VisitShortened
from protocol.records.states import SessionStatus
from protocol.records.visits import SessionHistory, SessionSegment
from protocol.replies.sessions import CheckedOut

CORRECTED = "corrected"
"""What is told as the reason where a closed visit ended earlier."""


def shortened_to(history: SessionHistory, context: Context) -> datetime | None:
    """The moment at which a closed visit ended by what is known now, if that is earlier."""
    kept = history.summary.get("seen_at")
    if not context.is_late or kept is None:
        return None
    ended_at = max(context.happened_at, datetime.fromisoformat(kept))
    return ended_at if ended_at < history.ended_at else None


def shorten(
    state: SessionState, history: SessionHistory, ended_at: datetime, context: Context
) -> Outcome:
    """Let the visit have ended then, and have the account give back what it cost too much."""
    profile = profile_of(context, history.venue_id)
    kept = history.summary
    tariff = Tariff(
        settings=profile.settings,
        tz=profile.tz,
        charged_elsewhere_minor={
            date.fromisoformat(day): minor for day, minor in kept["elsewhere_minor"].items()
        },
        played=kept["played"],
    )
    before = state.segments
    segments = _cut(before, ended_at, tariff)
    charge = charge_at(segments, ended_at, tariff)
    shorter = _shortened(history, ended_at, charge)
    was_ms = time_by_day(before, history.ended_at, tariff)
    is_ms = time_by_day(segments, ended_at, tariff)
    correction = ShortenVisit(
        session_id=history.id,
        venue_id=history.venue_id,
        currency=kept["currency"],
        corrects=_receipt(history),
        started_at=history.started_at,
        ended_at=ended_at,
        duration_ms=shorter.duration_ms,
        business_day=history.business_day,
        summary=time_lines(charge),
        owed_minor=charge.by_day(),
        less_ms={day: ms - is_ms.get(day, 0) for day, ms in was_ms.items()},
        tax_bp=kept["tax_bp"],
    )
    undo = None
    if context.in_saga:
        cut = tuple(row for row in before if row not in segments)
        undo = KeepEnd(history=history, segments=cut, shortened_to=ended_at)
    return Outcome(
        reply=LATER,
        changes=(shorter, *(row for row in segments if row not in before)),
        events=(_told(shorter),),
        sends=(Send(Address(ActorKind.ACCOUNT, history.user_id), correction, undo=undo),),
    )


@decides(KeepEnd)
def decide_keep_end(state: SessionState, command: KeepEnd, context: Context) -> Decision:
    """Nothing went back, so the visit has the end that was paid for."""
    now, before = state.history, command.history
    is_mine = (
        now is not None
        and now.ended_at == command.shortened_to
        and now.receipt_id == before.receipt_id
    )
    if now is None or not is_mine:
        return Outcome()
    kept = before.evolve(
        user_id=now.user_id,
        version=now.version + 1,
        summary={**before.summary, "version": now.summary["version"] + 1},
    )
    versions = {row.id: row.version for row in state.segments}
    segments = (row.evolve(version=versions[row.id] + 1) for row in command.segments)
    return Outcome(changes=(kept, *segments), events=(_told(kept),))


@decides(VisitShortened)
def decide_visit_shortened(
    state: SessionState, command: VisitShortened, context: Context
) -> Decision:
    """Keep the receipt that holds now, and answer with it."""
    history = state.history
    assert history is not None, "only what is closed is shortened"
    corrected = history.revised(
        time_charge_minor=command.time_minor,
        total_minor=command.total_minor,
        receipt_id=command.receipt_id,
    )
    return Outcome(reply=receipt_of(corrected) if context.in_saga else None, changes=(corrected,))


def receipt_of(history: SessionHistory) -> CheckedOut:
    """The answer of a check-out, always the same unless the visit is shortened."""
    return CheckedOut(
        session_id=history.id,
        status=history.status,
        ended_at=history.ended_at,
        duration_ms=history.duration_ms,
        charge_minor=history.time_charge_minor,
        receipt_id=_receipt(history),
        version=history.summary["version"],
    )


def _told(history: SessionHistory) -> Event:
    told = SessionStatusChanged(
        session_id=history.id,
        from_=SessionStatus.CLOSED,
        to=SessionStatus.CLOSED,
        reason=CORRECTED,
        effective_at=history.ended_at,
        deadline_at=None,
    )
    version = history.summary["version"]
    return tell(told, venue_id=history.venue_id, user_id=history.user_id, version=version)


def _receipt(history: SessionHistory) -> Any:
    assert history.receipt_id is not None, "a closed visit has a receipt"
    return history.receipt_id


def _cut(segments: Sequence[SessionSegment], at: datetime, tariff: Tariff) -> list[SessionSegment]:
    """The segments with what ran after a moment taken off; parts still add up to the whole."""
    cut: list[SessionSegment] = []
    for one in segments:
        assert one.ended_at is not None, "nothing runs in a closed visit"
        if one.ended_at <= at:
            cut.append(one)
            continue
        end = max(at, one.started_at)
        shorter = one.revised(ended_at=end, active_ms=(end - one.started_at) // MS)
        grown_minor = charge_at([*cut, shorter], at, tariff).total_minor
        grown_minor -= sum(known.charge_minor for known in cut)
        cut.append(shorter.evolve(charge_minor=max(0, grown_minor)))
    return cut


def _shortened(history: SessionHistory, ended_at: datetime, charge: Charge) -> SessionHistory:
    time_minor = min(history.time_charge_minor, charge.total_minor)
    elapsed_ms = dict(history.summary["elapsed_ms"])
    active = SessionStatus.ACTIVE.value
    gone_ms = history.billable_ms - charge.active_ms
    elapsed_ms[active] = max(0, elapsed_ms.get(active, 0) - gone_ms)
    return history.revised(
        ended_at=ended_at,
        duration_ms=(ended_at - history.started_at) // MS,
        billable_ms=charge.active_ms,
        time_charge_minor=time_minor,
        total_minor=history.total_minor - history.time_charge_minor + time_minor,
        summary={
            **history.summary,
            "version": history.summary["version"] + 1,
            "time": [dict(line) for line in time_lines(charge)],
            "elapsed_ms": elapsed_ms,
        },
    )
