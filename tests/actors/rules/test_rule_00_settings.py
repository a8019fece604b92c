"""The numbers marked † in the rules: defaults, bounds, and floors that no setting weakens."""

from __future__ import annotations

from datetime import time

import pytest

from actors.rules.settings import DEFAULT, SETTINGS, VenueSettings, from_overrides
from protocol.errors import Code, Refusal


def test_the_defaults_are_those_of_the_rules() -> None:
    """A wrong default is a wrong price in every venue that never set one. Rule 3 rates."""
    assert (DEFAULT.lounge_minor_per_h, DEFAULT.arcade_time_minor_per_h) == (600, 1200)
    assert (DEFAULT.table_minor_per_h, DEFAULT.karaoke_room_minor_per_h) == (1500, 3000)
    assert (DEFAULT.arcade_play_minor, DEFAULT.time_cap_per_day_minor) == (100, 6000)
    assert (DEFAULT.block_minutes, DEFAULT.block_first_minutes) == (15, 30)
    assert (DEFAULT.short_visit_max_minutes, DEFAULT.checkin_funds_least_minor) == (5, 500)
    assert (DEFAULT.pauses_max, DEFAULT.cooling_least_minutes) == (6, 20)
    assert (DEFAULT.paused_max_minutes, DEFAULT.auto_paused_max_minutes) == (45, 30)
    assert DEFAULT.cutover == time(5, 0)
    assert (DEFAULT.fence_radius_m, DEFAULT.fence_slack_max_m) == (150, 50)
    assert (DEFAULT.fence_exit_margin_m, DEFAULT.code_step_s) == (30, 30)


def test_overrides_replace_only_what_they_name() -> None:
    """Settings are kept as single rows; the rest stays at its default."""
    changed = from_overrides({"lounge_minor_per_h": 700, "cutover": time(6, 30)})
    assert isinstance(changed, VenueSettings)
    assert changed.lounge_minor_per_h == 700
    assert changed.cutover == time(6, 30)
    assert changed.arcade_time_minor_per_h == DEFAULT.arcade_time_minor_per_h


@pytest.mark.parametrize("name", [name for name, known in SETTINGS.items() if known["floor"]])
def test_no_setting_passes_its_floor(name: str) -> None:
    """Rule 8: an SOS timer may be shortened, never lengthened; other floors likewise."""
    known = SETTINGS[name]
    beyond = known["most"] + 1 if known["floor"] == "most" else known["least"] - 1
    refusal = from_overrides({name: beyond})
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.SETTING_BELOW_FLOOR
    assert refusal.errors[0].pointer == f"/{name}"


def test_an_sos_timer_may_be_shortened_but_not_muted() -> None:
    """Rule 8: zero seconds is the first tier, never a way to skip the second.

    Rule 8 shorter_only.
    """
    assert isinstance(from_overrides({"sos_critical_tier_1_s": 10}), VenueSettings)
    assert isinstance(from_overrides({"sos_critical_tier_1_s": 0}), Refusal)


def test_tiers_must_follow_one_another() -> None:
    """Rule 8: shortening the last tier below the first would alert the wrong people first."""
    refusal = from_overrides({"sos_critical_tier_3_s": 20})
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.VALIDATION_FAILED
    with pytest.raises(ValueError, match="each must be later"):
        VenueSettings(sos_critical_tier_3_s=20)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("cutover", time(12, 1), "out_of_range"),
        ("pauses_max", True, "type"),
        ("pauses_max", "6", "type"),
        ("no_such_setting", 1, "unknown"),
        ("fence_radius_m", 49, "out_of_range"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: object, code: str) -> None:
    """The owner who typed it must be told which setting and why."""
    refusal = from_overrides({name: value})  # type: ignore[dict-item]
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.VALIDATION_FAILED
    assert [error.code for error in refusal.errors] == [code]


def test_a_value_out_of_bounds_cannot_be_made_at_all() -> None:
    """Code that skips `from_overrides` is a bug and must stop at once."""
    with pytest.raises(ValueError, match="fence_radius_m is 10"):
        VenueSettings(fence_radius_m=10)
