"""By which ways somebody is told something, and when they are let sleep."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.notices import is_quiet, may_be_told, ways_of
from protocol.internal.notifications import Loudness
from protocol.operations.users import ALWAYS_ON, Switch

TOKYO = ZoneInfo("Asia/Tokyo")
switches = st.dictionaries(st.sampled_from([one.value for one in Switch]), st.booleans())
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
hours = st.none() | st.fixed_dictionaries(
    {"from": times.map(lambda at: f"{at:%H:%M}"), "to": times.map(lambda at: f"{at:%H:%M}")}
)
instants = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - Hypothesis takes bounds without a zone
    datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(topic=st.sampled_from(ALWAYS_ON), channels=switches, quiet=hours, now=instants)
def test_safety_and_security_are_never_silenced(
    topic: Switch, channels: dict[str, bool], quiet: dict[str, str] | None, now: datetime
) -> None:
    """Whatever somebody switched off, and whenever it is."""
    ways = ways_of(topic, channels=channels, quiet_hours=quiet, now=now, tz=TOKYO)
    assert ways.push is Loudness.PLAIN


@given(
    topic=st.sampled_from([one for one in Switch if one not in ALWAYS_ON]),
    channels=switches,
    quiet=hours,
    now=instants,
)
def test_nobody_is_told_what_they_switched_off_nor_woken(
    topic: Switch, channels: dict[str, bool], quiet: dict[str, str] | None, now: datetime
) -> None:
    """A switch that is off is off, and in quiet hours nothing makes a sound."""
    ways = ways_of(topic, channels=channels, quiet_hours=quiet, now=now, tz=TOKYO)
    if channels.get(topic.value) is False:
        assert (ways.push, ways.mail, ways.sms) == (None, False, False)
    if channels.get("push") is False:
        assert ways.push is None
    assert ways.mail <= (channels.get("email") is True)
    if is_quiet(quiet, now.astimezone(TOKYO).time()):
        assert ways.push in (None, Loudness.SILENT)
        assert not ways.sms


@pytest.mark.parametrize(
    ("begins", "ends", "at", "quiet"),
    [
        ("23:00", "09:00", "22:59", False),
        ("23:00", "09:00", "23:00", True),
        ("23:00", "09:00", "00:00", True),
        ("23:00", "09:00", "08:59", True),
        ("23:00", "09:00", "09:00", False),
        ("04:00", "11:00", "10:59", True),
        ("04:00", "11:00", "11:00", False),
        ("04:00", "11:00", "03:59", False),
        ("07:00", "07:00", "07:00", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(begins: str, ends: str, at: str, *, quiet: bool) -> None:
    """Most people sleep then."""
    assert is_quiet({"from": begins, "to": ends}, time.fromisoformat(at)) is quiet


def test_without_quiet_hours_it_is_never_quiet() -> None:
    """Nobody said when."""
    assert not is_quiet(None, time(3, 0))


@pytest.mark.parametrize(
    ("channels", "devices", "may"),
    [({}, False, False), ({}, True, True), ({"email": True}, False, True),
     ({"sms": True}, False, True), ({"email": False}, False, False)],
)  # fmt: skip
def test_who_has_only_the_apps_is_told_by_them_only(
    channels: dict[str, bool], *, devices: bool, may: bool
) -> None:
    """An account sends nothing outside that could reach nobody."""
    assert may_be_told(channels, has_devices=devices) is may
