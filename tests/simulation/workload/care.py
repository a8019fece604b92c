"""Steps of care: help, cases, observations, checks, broadcasts, keeping out."""

from __future__ import annotations

from protocol.records.safety import Intervention
from protocol.records.states import InterventionStatus
from protocol.records.visits import SafetyCheck, Session
from tests.simulation.night import PATRONS, Night
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE

SAFETY = "/api/safety"
KINDS = ("evacuate", "shelter", "medical", "all_clear", "info")
LAST_PATRONS = PATRONS[-2:]
"""Who keeps themselves out: the others are needed."""


@step(2)
async def call_for_help(night: Night) -> None:
    patron = await night.patron()
    body: dict[str, object] = {}
    if night.perhaps(0.6):
        body = {"venue_id": VENUE, "kind": night.one(("harassment", "unwell", "walk_me_out"))}
    heard = await night.ask(patron, "POST", f"{SAFETY}/help-requests", body)
    assert heard.status in {200, 201, 404, 422} or patron.name in night.away, heard


@step(3)
async def open_a_case(night: Night) -> None:
    head, session = await night.head(), night.row(Session)
    body = {
        "session_id": str(session.id), "level": night.one((1, 2, 2, 3, 4, 5)),
        "reason": "sits alone",
    }  # fmt: skip
    await night.ask(head, "POST", f"{SAFETY}/interventions", body)


@step(5)
async def see_to_a_case(night: Night) -> None:
    case = night.row(
        Intervention,
        lambda row: row.status is not InterventionStatus.CLOSED or night.perhaps(0.05),
    )
    body: dict[str, object] = {"acknowledged": True}
    if night.perhaps(0.6):
        outcomes = ("fine", "water_food", "refused_service", "left_escorted", "medical", "escalate")
        body = {"outcome": night.one(outcomes), "notes": "talked to them"}
    path = f"{SAFETY}/interventions/{case.id}/outcome"
    await night.ask(await night.worker(), "POST", path, body)


@step(3)
async def write_down_what_was_seen(night: Night) -> None:
    staff = await night.worker()
    body: dict[str, object] = {"venue_id": VENUE, "signs": [night.one(("unsteady", "loud"))]}
    sessions = night.rows(Session)
    if sessions and night.perhaps(0.8):
        body["session_id"] = str(night.one(sessions).id)
    flag = night.one(
        ("visible_intoxication", "refusal_of_service", "aggression", "first_aid", None)
    )
    if flag is not None:
        body[flag] = True
    await night.ask(staff, "POST", f"{SAFETY}/logs", body)


@step(6)
async def answer_a_check(night: Night) -> None:
    if night.perhaps(0.4):
        await open_a_case(night)
        await night.house.wait_flushed()
    check = night.row(
        SafetyCheck, lambda row: row.answered_at is None and row.answer_by > night.now
    )
    patron = await night.of_user(check.user_id)
    body = {"check_id": str(check.id), "response": night.one(("ok", "ok", "ok", "help", "leave"))}
    await night.ask(patron, "POST", f"{SAFETY}/verifications", body)


@step(2)
async def tell_everybody(night: Night) -> None:
    head = await night.head()
    if night.perhaps(0.5):
        await night.prove(head)
    body = {
        "venue_id": VENUE, "kind": night.one(KINDS),
        "message": "please listen", "audience": night.one(("staff", "everyone")),
    }  # fmt: skip
    await night.ask(head, "POST", "/api/emergency/broadcasts", body)


@step(2)
async def keep_out(night: Night) -> None:
    """A guest keeps away for a while, or the house bans one and takes them back."""
    if night.perhaps(0.5):
        patron = await night.who(LAST_PATRONS)
        kind = {"kind": "cool_off", "days": night.one((1, 7))}
        if night.perhaps(0.2):
            kind = {"kind": "self_exclusion", "months": 6}
        await night.ask(patron, "POST", f"{SAFETY}/exclusions", kind)
        return
    head, patron = await night.head(), await night.patron()
    body: dict[str, object] = {"venue_id": VENUE, "status": "active", "reason": "we talked"}
    if night.perhaps(0.5):
        body |= {"status": "banned_from_venue", "until": night.at(90), "reason": "threw a glass"}
    await night.ask(head, "PUT", f"/api/users/{patron.user_id}/status", body)
