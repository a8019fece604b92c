"""Merge patches of settings: whatever is sent, nothing passes a floor."""

from __future__ import annotations

from datetime import time
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.settings import DEFAULT, SETTINGS, VenueSettings
from actors.rules.settings_patch import (
    changed_names,
    patched,
    patched_in_turn,
    plain,
    under,
)
from protocol.errors import Code, Refusal

quick = settings(max_examples=200, deadline=None)
names = st.sampled_from(sorted(SETTINGS))
values = st.one_of(
    st.none(),
    st.integers(-5, 700),
    st.integers(-(10**13), 10**13),
    st.booleans(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["05:00", "11:59", "12:01", "24:00", "5:00", "00:00"]),
    st.lists(st.integers(), max_size=2),
)
patches = st.dictionaries(st.one_of(names, st.text(max_size=6)), values, max_size=6)


def beyond_floors(found: VenueSettings) -> list[str]:
    """The settings that are past a floor, of which there must be none."""
    passed = []
    for name, known in SETTINGS.items():
        value = getattr(found, name)
        if known["floor"] == "least" and value < known["least"]:
            passed.append(name)
        if known["floor"] == "most" and value > known["most"]:
            passed.append(name)
    return passed


@quick
@given(st.lists(patches, max_size=4))
def test_no_patches_pass_a_floor_or_a_bound(sent: list[dict[str, Any]]) -> None:
    """A floor hangs on the law or on somebody's safety; no sequence of patches gets round it."""
    found: VenueSettings = DEFAULT
    for patch in sent:
        after = patched(found, patch)
        if isinstance(after, Refusal):
            assert after.code in (Code.SETTING_BELOW_FLOOR, Code.VALIDATION_FAILED)
            assert after.errors
        else:
            found = after
    assert beyond_floors(found) == []
    for name, known in SETTINGS.items():
        assert known["least"] <= getattr(found, name) <= known["most"]


@quick
@given(patches)
def test_a_patch_is_taken_whole_or_not_at_all(patch: dict[str, Any]) -> None:
    """Half a change of prices is a price list that nobody wrote."""
    after = patched(DEFAULT, patch)
    if isinstance(after, VenueSettings):
        assert set(changed_names(DEFAULT, after)) <= set(patch)
        assert patched(after, patch) == after


@quick
@given(patches, patches)
def test_patches_in_turn_are_one_after_the_other(one: dict[str, Any], two: dict[str, Any]) -> None:
    """What is planned is checked as it will come into force."""
    first = patched(DEFAULT, one)
    wanted = first if isinstance(first, Refusal) else patched(first, two)
    assert patched_in_turn(DEFAULT, (one, two)) == wanted


def test_null_goes_back_to_the_default() -> None:
    """RFC 7396: null takes away what was set."""
    raised = patched(DEFAULT, {"lounge_minor_per_h": 700, "cutover": "06:30"})
    assert isinstance(raised, VenueSettings)
    assert (raised.lounge_minor_per_h, raised.cutover) == (700, time(6, 30))
    assert patched(raised, {"lounge_minor_per_h": None, "cutover": None}) == DEFAULT


@pytest.mark.parametrize("value", ["5:00", "24:00", "05:00:00", "05:00Z", " 05:00", 5, True])
def test_a_time_of_day_is_hours_and_minutes(value: object) -> None:
    """Anything else could be read in two ways."""
    refusal = patched(DEFAULT, {"cutover": value})
    assert isinstance(refusal, Refusal)
    assert [error.code for error in refusal.errors] == ["type"]


def test_a_floor_is_told_apart_from_a_bound() -> None:
    """The owner must hear that this is not a matter of sense but of safety."""
    refusal = patched(DEFAULT, {"alcohol_age_years": 16, "pauses_max": 1000})
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.SETTING_BELOW_FLOOR
    assert [error.pointer for error in refusal.errors] == ["/alcohol_age_years", "/pauses_max"]
    moved = under(refusal, "/settings")
    assert moved.errors[0].pointer == "/settings/alcohol_age_years"
    assert attrs.evolve(moved, errors=()) == attrs.evolve(refusal, errors=())


def test_settings_are_shown_as_they_are_sent() -> None:
    """What GET shows, PATCH takes."""
    shown = {name: plain(getattr(DEFAULT, name)) for name in SETTINGS}
    assert shown["cutover"] == "05:00"
    assert patched(DEFAULT, shown) == DEFAULT


def test_a_name_that_nobody_knows_is_pointed_to_as_a_pointer() -> None:
    """RFC 6901: a tilde and a slash in a name are escaped, or the pointer is of something else."""
    refused = patched(VenueSettings(), {"a/b~c": 1, "x" * 1000: 1})
    assert isinstance(refused, Refusal)
    first, second = refused.errors
    assert first.pointer == "/a~1b~0c"
    assert len(second.pointer) < 200 > len(second.detail)
