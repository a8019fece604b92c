"""What happens when a visit's level rises: who is sent, what the patron is asked, what is refused.

There is one case at a time; a rise makes it a case of the higher level, with new deadlines. From
level 3 on the venue is told to serve no alcohol and the visit cools. Every step is a line of the
register (Rule 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.rules import intervention_ladder as ladder
from actors.rules.lifecycle import SESSION, SessionTrigger, transition
from actors.rules.safety_levels import EMERGENCY, HOLD, Crossing, may_raise, raised, stirred
from actors.rules.safety_register import LogKind
from actors.rules.session_conditions import BOOKED_ACTIVITIES
from actors.session.breaks import go_on
from actors.session.cases import CHECK, log, send_somebody
from actors.session.draft import VisitDraft
from actors.session.meter import ask_for_rest
from protocol.events.safety import (
    SafetyInterventionOpened,
    SafetyThresholdCrossed,
    SafetyVerificationRequested,
)
from protocol.evolving import evolve
from protocol.internal.safety import (
    CheckLapsed,
    HoldService,
)
from protocol.operations.safety import RaiseSos
from protocol.records.safety import Intervention
from protocol.records.states import (
    InterventionSource,
    InterventionStatus,
    SafetyCheckKind,
    SessionStatus,
    Severity,
)
from protocol.records.visits import SafetyCheck

SAFETY: Final = "safety"
"""Why a visit is cooling."""


@attrs.frozen(kw_only=True)
class Opening:
    """How a case is opened or raised, and by whom."""

    level: int
    source: InterventionSource
    reason: str
    rule: str | None = None
    measures: tuple[str, ...] = ()
    by: UUID | None = None
    discreet: bool = False
    """Nothing may show on the patron's screen."""


def cross(
    draft: VisitDraft,
    case: Intervention | None,
    crossings: Iterable[Crossing],
    *,
    by: UUID | None = None,
    stirs: bool = True,
    discreet: bool = False,
) -> Intervention | None:
    """Let the gravest of what was found raise the level; returns the case that is then open.

    `stirs` says whether what was found keeps the level from falling even where it raises nothing.
    """
    found = sorted(crossings, key=lambda crossing: crossing.level, reverse=True)
    care = draft.notes.care
    level = draft.session.safety_level
    for crossing in found:
        if not may_raise(care.watch, level, crossing):
            continue
        watch = raised(care.watch, crossing, draft.now)
        draft.notes = evolve(draft.notes, care=evolve(care, watch=watch))
        draft.tell(
            SafetyThresholdCrossed(
                session_id=draft.session.id,
                rule=crossing.rule.value,
                level=crossing.level,
                value=crossing.value,
                limit=crossing.limit,
                window_s=crossing.window_s,
                at=draft.now,
            )
        )
        log(draft, LogKind.LEVEL, level=crossing.level, by=by, notes=crossing.rule.value)
        opening = Opening(
            level=crossing.level,
            source=InterventionSource.PATRON if discreet else InterventionSource.SYSTEM,
            reason=crossing.rule.value,
            rule=crossing.rule.value,
            by=by,
            discreet=discreet,
        )
        return begin(draft, case, opening)
    if found and stirs:
        stir(draft)
    return case


def stir(draft: VisitDraft) -> None:
    """Something happened: the level stays for another hour."""
    care = draft.notes.care
    watch = stirred(care.watch, draft.now)
    draft.notes = evolve(draft.notes, care=evolve(care, watch=watch))


def begin(draft: VisitDraft, case: Intervention | None, opening: Opening) -> Intervention:
    """Open a case or raise the one that is open, and do what its level asks for."""
    level, now, session = opening.level, draft.now, draft.session
    ack_by = ladder.acknowledge_by(level, now)
    people = ladder.needs_people(level)
    before_id = None if case is None else case.task_id
    measures = (*(case.measures if case else ()), *ladder.measures_of(level), *opening.measures)
    shared = {
        "level": level,
        "status": InterventionStatus.OPEN,
        "source": opening.source,
        "rule": opening.rule,
        "measures": tuple(dict.fromkeys(measures)),
        "reason": opening.reason,
        "ack_by": ack_by,
        "tier": 0,
        "task_id": draft.context.fresh_id() if people else before_id,
        "due_at": ack_by if people else None,
        "opened_by": opening.by,
    }
    if case is None:
        opened = Intervention(
            id=draft.context.fresh_id(),
            venue_id=session.venue_id,
            session_id=session.id,
            user_id=session.user_id,
            opened_at=now,
            **shared,  # type: ignore[arg-type]
        )
    else:
        opened = case.revised(
            acknowledged_by=None, acknowledged_at=None, outcome=None, notes=None, **shared
        )
    draft.change(opened)
    draft.session = session.evolve(safety_level=max(level, session.safety_level))
    stir(draft)
    draft.tell(
        SafetyInterventionOpened(
            intervention_id=opened.id,
            session_id=session.id,
            level=level,
            source=opening.source,
            reason=opening.reason,
            measures=opened.measures,
            ack_by=ack_by,
        )
    )
    log(draft, LogKind.INTERVENTION, level=level, by=opening.by, notes=opening.reason)
    if people:
        send_somebody(draft, opened, before_id)
    _take_measures(draft, opened, opening)
    return opened


def _take_measures(draft: VisitDraft, case: Intervention, opening: Opening) -> None:
    if case.level >= HOLD:
        hold = HoldService(
            user_id=case.user_id,
            session_id=case.session_id,
            intervention_id=case.id,
            level=case.level,
        )
        draft.send(draft.venue, hold, detached=True)
    if case.level >= EMERGENCY:
        sos = RaiseSos(
            severity=Severity.CRITICAL,
            zone=draft.session.zone,
            session_id=case.session_id,
            incident_id=draft.context.fresh_id(),
        )
        draft.send(draft.venue, sos, detached=True, urgent=True)
    if opening.discreet:
        return
    if case.level >= HOLD:
        cool(draft)
    if (kind := ladder.check_of(case.level, opening.rule)) is not None:
        ask_patron(draft, kind)


def ask_patron(draft: VisitDraft, kind: SafetyCheckKind) -> None:
    """Ask how the patron is. Of a reminder of breaks nobody expects an answer."""
    seconds = draft.profile.settings.check_answer_s
    check = SafetyCheck(
        id=draft.context.fresh_id(),
        session_id=draft.session.id,
        venue_id=draft.session.venue_id,
        user_id=draft.session.user_id,
        kind=kind,
        sent_at=draft.now,
        answer_by=draft.now + timedelta(seconds=seconds),
    )
    draft.change(check)
    draft.tell(
        SafetyVerificationRequested(
            check_id=check.id,
            session_id=check.session_id,
            kind=kind,
            answer_by=check.answer_by,
        )
    )
    log(draft, LogKind.VERIFICATION, notes=f"{kind.value} asked")
    if kind is not SafetyCheckKind.BREAK_REMINDER:
        # A newer check takes the place of one that waits: its answer speaks for both.
        care = evolve(draft.notes.care, asked_at=draft.now)
        draft.notes = evolve(draft.notes, care=care)
        draft.timer(CHECK, check.answer_by, CheckLapsed(check_id=check.id))


def cool(draft: VisitDraft) -> None:
    """Stop the meter and let the patron rest; what is booked goes on."""
    if transition(SESSION, draft.session.status, SessionTrigger.COOL) is None:
        return
    if draft.session.activity not in BOOKED_ACTIVITIES:
        draft.stop(draft.now)
    draft.move(SessionTrigger.COOL, at=draft.now, reason=SAFETY, cause=SAFETY)
    if draft.running is None:
        ask_for_rest(draft)


def warm_up(draft: VisitDraft, reason: str) -> None:
    """Go on after cooling. Level and hold stay as they are."""
    if draft.session.status is SessionStatus.COOLING:
        go_on(draft, SessionTrigger.END_COOLING, reason)
