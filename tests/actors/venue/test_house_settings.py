"""Settings of a venue: who sees them, who changes them, and when they come into force."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.settings import SETTINGS
from actors.runtime.outcome import Outcome, SetTimer
from actors.venue.house_settings import (
    decide_come_into_force,
    decide_get_settings,
    decide_update_settings,
)
from actors.venue.state import VenueState
from protocol.addresses import Principal
from protocol.domain_limits import PLANNED_SETTINGS_MAX
from protocol.errors import Code, Refusal
from protocol.internal.administration import ComeIntoForce
from protocol.operations.admin_settings import GetSettings, UpdateSettings
from protocol.records.ledger import BusinessDay
from protocol.records.runtime import PlannedSettings
from protocol.records.venues import VenueSetting
from protocol.replies.admin_settings import SettingsView, SettingView
from tests.actors.deciding import NOW, accepted, refused, refused_with
from tests.actors.venue.floors import AT_DOOR, PATRON, a_floor
from tests.actors.venue.houses import (
    MANAGER,
    OWNER,
    OWNER_ELSEWHERE,
    OWNER_ID,
    a_day,
    a_state_with,
    by,
    noted,
)


def update(
    state: VenueState, patch: dict[str, Any], at: datetime | None = None, **given: Any
) -> Any:
    """The decision on a change that the owner sends."""
    given = {"version": state.venue.version, **given}
    command = UpdateSettings(settings=patch, effective_at=at)
    return decide_update_settings(state, command, by(**given))


def changed(state: VenueState, patch: dict[str, Any], at: datetime | None = None) -> Outcome:
    """A change that is accepted, applied."""
    outcome = accepted(update(state, patch, at))
    a_state_with(state, outcome)
    return outcome


def view_of(state: VenueState) -> SettingsView:
    """What management is shown."""
    reply = accepted(decide_get_settings(state, GetSettings(), by(MANAGER))).reply
    assert isinstance(reply, SettingsView)
    return reply


def shown(state: VenueState, name: str) -> SettingView:
    """One setting as it is shown."""
    return next(one for one in view_of(state).settings if one.name == name)


def test_management_sees_every_setting_with_its_bounds() -> None:
    """Whoever looks for a number of the rules finds it here."""
    view = view_of(a_floor())
    assert [one.name for one in view.settings] == list(SETTINGS)
    age = next(one for one in view.settings if one.name == "alcohol_age_years")
    assert (age.value, age.default, age.least, age.floor) == (18, 18, 18, "least")
    assert (age.changed_at, age.changed_by, age.planned) == (None, None, ())
    assert view.version == 1


@pytest.mark.parametrize(
    ("principal", "code"),
    [(AT_DOOR, Code.FORBIDDEN), (PATRON, Code.FORBIDDEN), (OWNER_ELSEWHERE, Code.NOT_FOUND)],
)
def test_settings_are_not_for_everybody(principal: Principal, code: Code) -> None:
    """Rule 15: staff do not see them, and another venue's owner does not know of the venue."""
    assert refused_with(decide_get_settings(a_floor(), GetSettings(), by(principal))) is code


def test_only_the_owner_changes_them() -> None:
    """Rule 15: management reads."""
    assert refused_with(update(a_floor(), {"pauses_max": 3}, principal=MANAGER)) is Code.FORBIDDEN


def test_a_change_leaves_its_history() -> None:
    """Who set what, when: the row before is superseded and kept."""
    state = a_floor()
    changed(state, {"pauses_max": 3})
    outcome = changed(state, {"pauses_max": 4})
    rows = [row for row in outcome.changes if isinstance(row, VenueSetting)]
    assert [(row.value["value"], row.superseded_at) for row in rows] == [(3, NOW), (4, None)]
    assert state.profile.settings.pauses_max == 4
    one = shown(state, "pauses_max")
    assert (one.value, one.changed_at, one.changed_by) == (4, NOW, OWNER_ID)


def test_a_change_is_told_without_its_values_and_noted_with_them() -> None:
    """Rooms hear what changed; what it was and is stands in the audit trail."""
    outcome = accepted(update(a_floor(), {"pauses_max": 3, "lounge_minor_per_h": 700}))
    (event,) = outcome.events
    assert event.type == "system.settings_changed"
    assert sorted(event.data["keys"]) == ["lounge_minor_per_h", "pauses_max"]
    assert event.data["version"] == 2
    assert "700" not in str(event.data)
    (line,) = noted(outcome)
    assert line.before == {"pauses_max": 6, "lounge_minor_per_h": 600}
    assert line.after == {"pauses_max": 3, "lounge_minor_per_h": 700}
    assert isinstance(outcome.reply, SettingsView)
    assert outcome.reply.version == 2


def test_null_goes_back_to_the_default_and_is_part_of_the_history() -> None:
    """A venue follows the default again, even if the default changes one day."""
    state = a_floor()
    changed(state, {"pauses_max": 3})
    changed(state, {"pauses_max": None})
    assert state.profile.settings.pauses_max == 6
    one = shown(state, "pauses_max")
    assert (one.value, one.changed_by) == (6, OWNER_ID)


def test_cutover_and_radius_change_the_venue_itself() -> None:
    """They are columns of the venue, so that nothing can say two things of one number."""
    state = a_floor()
    changed(state, {"fence_radius_m": 200, "cutover": "04:00"})
    assert (state.venue.radius_m, state.venue.cutover_local) == (200, time(4, 0))
    assert state.profile.settings.cutover == time(4, 0)
    assert shown(state, "cutover").changed_by == OWNER_ID
    changed(state, {"fence_radius_m": None})
    assert state.venue.radius_m == 150


def test_of_writers_with_the_same_version_one_is_let_through() -> None:
    """Rule 12: 428 without, 412 with a stale one."""
    state = a_floor()
    assert refused_with(update(state, {"pauses_max": 3}, version=None)) is (
        Code.PRECONDITION_REQUIRED
    )
    changed(state, {"pauses_max": 3})
    refusal = refused(update(state, {"pauses_max": 4}, version=1))
    assert (refusal.code, refusal.current_version) == (Code.VERSION_CONFLICT, 2)


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"alcohol_age_years": 17}, Code.SETTING_BELOW_FLOOR),
        ({"sos_high_tier_1_s": 61}, Code.SETTING_BELOW_FLOOR),
        ({"pauses_max": "many"}, Code.VALIDATION_FAILED),
        ({"no_such": 1}, Code.VALIDATION_FAILED),
    ],
)
def test_what_is_refused_is_named_where_it_was_sent(patch: dict[str, Any], code: Code) -> None:
    """A form can mark the very field."""
    refusal = refused(update(a_floor(), patch))
    assert refusal.code is code
    assert refusal.errors[0].pointer == f"/settings/{next(iter(patch))}"


def test_what_changes_nothing_makes_no_version() -> None:
    """A form that is saved untouched disturbs nobody."""
    outcome = accepted(update(a_floor(), {"pauses_max": 6, "cutover": "05:00"}))
    assert not outcome.writes
    assert isinstance(outcome.reply, SettingsView)


def test_a_planned_change_comes_into_force_by_its_timer() -> None:
    """Prices for the new year are written in autumn."""
    state, at = a_floor(), NOW + timedelta(days=40)
    outcome = changed(state, {"lounge_minor_per_h": 700}, at)
    (planned,) = state.all(PlannedSettings)
    assert outcome.timers == (
        SetTimer(f"settings:{planned.id}", at, ComeIntoForce(planned_id=planned.id)),
    )
    assert outcome.events[0].data["effective_at"].startswith(f"{at:%Y-%m-%d}")
    one = shown(state, "lounge_minor_per_h")
    assert (one.value, [later.value for later in one.planned]) == (600, [700])
    fired = accepted(
        decide_come_into_force(state, ComeIntoForce(planned_id=planned.id), by(None, now=at))
    )
    a_state_with(state, fired)
    assert state.profile.settings.lounge_minor_per_h == 700
    assert not state.rows(PlannedSettings)
    one = shown(state, "lounge_minor_per_h")
    assert (one.changed_at, one.changed_by, one.planned) == (at, OWNER_ID, ())
    again = decide_come_into_force(state, ComeIntoForce(planned_id=planned.id), by(None, now=at))
    assert not accepted(again).writes


def test_a_change_is_checked_with_what_is_planned_after_it() -> None:
    """Tiers must follow one another at every moment to come, or a timer would have to refuse."""
    state = a_floor()
    changed(state, {"sos_high_tier_1_s": 50, "sos_high_tier_2_s": 60}, NOW + timedelta(days=2))
    assert refused_with(update(state, {"sos_high_tier_3_s": 55})) is Code.VALIDATION_FAILED
    later = NOW + timedelta(days=3)
    assert refused_with(update(state, {"sos_high_tier_2_s": 45}, later)) is Code.VALIDATION_FAILED
    sooner = NOW + timedelta(days=1)
    assert refused_with(update(state, {"sos_high_tier_3_s": 58}, sooner)) is Code.VALIDATION_FAILED
    changed(state, {"sos_high_tier_2_s": 70}, later)


def test_plans_are_bounded_in_time_and_number() -> None:
    """Everything has a bound."""
    state = a_floor()
    late = NOW + timedelta(days=367)
    assert refused_with(update(state, {"pauses_max": 3}, late)) is Code.VALIDATION_FAILED
    for day in range(1, PLANNED_SETTINGS_MAX + 1):
        changed(state, {"pauses_max": day}, NOW + timedelta(days=day))
    refusal = refused(update(state, {"pauses_max": 3}, NOW + timedelta(days=30)))
    assert refusal.errors[0].pointer == "/effective_at"


def test_a_new_cutover_moves_the_end_of_the_open_day() -> None:
    """The day closes an hour after its new end."""
    state = a_floor(a_day())
    outcome = changed(state, {"cutover": "06:00"})
    (day,) = state.all(BusinessDay)
    assert day.ends_at == a_day().ends_at + timedelta(hours=1)
    due = [t.due_at for t in outcome.timers if isinstance(t, SetTimer)]
    assert due == [day.ends_at + timedelta(hours=1)]


def test_no_cutover_makes_today_yesterday_again() -> None:
    """It is 21:00 in Tokyo; at 06:00 a later cutover would put money into a day that is over."""
    state = a_floor()
    early = NOW.replace(hour=21)
    refusal = refused(update(state, {"cutover": "08:00"}, now=early))
    assert (refusal.code, refusal.errors[0].pointer) == (
        Code.VALIDATION_FAILED,
        "/settings/cutover",
    )
    assert refused_with(update(state, {"cutover": "08:00"}, early)) is Code.VALIDATION_FAILED
    assert accepted(update(state, {"cutover": "08:00"}))


def test_a_cutover_whose_time_was_missed_waits_until_it_moves_nothing_back() -> None:
    """The node was down at noon; at 06:00 the next day is no time for it."""
    state = a_floor()
    changed(state, {"cutover": "08:00"}, NOW + timedelta(hours=1))
    (planned,) = state.all(PlannedSettings)
    late = (NOW + timedelta(days=1)).replace(hour=21)
    command = ComeIntoForce(planned_id=planned.id)
    outcome = accepted(decide_come_into_force(state, command, by(None, now=late)))
    assert [type(timer) for timer in outcome.timers] == [SetTimer]
    assert not outcome.removes
    assert not outcome.changes


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["alcohol_age_years", "sos_critical_tier_1_s", "sos_high_tier_2_s"]),
            st.one_of(st.none(), st.integers(-1, 200)),
            st.one_of(st.none(), st.integers(1, 20)),
        ),
        max_size=8,
    )
)
def test_no_plan_passes_a_floor_either(sent: list[tuple[str, int | None, int | None]]) -> None:
    """Whatever is sent now or for later, in whatever order: floors hold when all has come true."""
    state = a_floor()
    for name, value, days in sent:
        at = None if days is None else NOW + timedelta(days=days)
        decision = update(state, {name: value}, at)
        if isinstance(decision, Outcome):
            a_state_with(state, decision)
        else:
            assert isinstance(decision, Refusal)
    planned: list[tuple[datetime, datetime, UUID]] = sorted(
        (plan.effective_at, plan.planned_at, plan.id) for plan in state.all(PlannedSettings)
    )
    for at, _, id_ in planned:
        fired = decide_come_into_force(state, ComeIntoForce(planned_id=id_), by(OWNER, now=at))
        a_state_with(state, accepted(fired))
        found = state.profile.settings
        for name, known in SETTINGS.items():
            assert known["least"] <= getattr(found, name) <= known["most"]
    assert not state.rows(PlannedSettings)
