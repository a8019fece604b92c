"""What was tried lately is remembered within bounds."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from lastlight.auth.recent import Recent
from tests.actors.deciding import NOW

MINUTE = timedelta(minutes=1)
ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


def test_times_count_until_the_window_has_passed_them() -> None:
    """A window that slides: neither a millisecond more nor less."""
    recent = Recent(window=15 * MINUTE, each_max=10)
    recent.note(ONE, NOW)
    recent.note(ONE, NOW + MINUTE)
    assert recent.times(ONE, NOW + 14 * MINUTE) == (NOW, NOW + MINUTE)
    assert recent.times(ONE, NOW + 15 * MINUTE) == (NOW + MINUTE,)
    assert recent.times(TWO, NOW) == ()


def test_of_each_only_the_latest_are_kept() -> None:
    """Somebody who goes on guessing takes no more memory than who guessed ten times."""
    recent = Recent(window=15 * MINUTE, each_max=2)
    for n in range(5):
        recent.note(ONE, NOW + n * MINUTE)
    assert recent.times(ONE, NOW + 5 * MINUTE) == (NOW + 3 * MINUTE, NOW + 4 * MINUTE)


def test_the_one_quiet_for_longest_is_forgotten_first() -> None:
    """Everything has a bound; what is tried now matters more than what was before."""
    recent = Recent(window=15 * MINUTE, each_max=10, keys_max=2)
    recent.note(ONE, NOW)
    recent.note(TWO, NOW)
    recent.note(ONE, NOW + MINUTE)
    recent.note(THREE, NOW + MINUTE)
    assert len(recent) == 2
    assert recent.times(TWO, NOW + MINUTE) == ()
    assert len(recent.times(ONE, NOW + MINUTE)) == 2


def test_what_is_past_goes_without_being_asked_for() -> None:
    """An address tried once last week takes no memory."""
    recent = Recent(window=15 * MINUTE, each_max=10)
    for n in range(100):
        recent.note(UUID(int=n), NOW)
    recent.note(ONE, NOW + 15 * MINUTE)
    assert len(recent) == 1
