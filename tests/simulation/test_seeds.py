"""Random nights on a whole node: whatever happens, the promise holds.

TEST_LASTLIGHT_SEED plays the night of one seed, TEST_LASTLIGHT_LONG plays many.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from typing import Final

import pytest
import trio
from trio.testing import MockClock

from tests.simulation.night import Night
from tests.simulation.play import NAMES, play_night
from tests.twins.nodes import World
from tests.twins.whole import copy_of

SEED: Final = os.environ.get("TEST_LASTLIGHT_SEED")
LONG: Final = bool(os.environ.get("TEST_LASTLIGHT_LONG"))
NIGHTS: Final = 200 if LONG else 10
STRIDE: Final = 7
"""Nights of neighbouring seeds are in favour of steps that are much alike."""
FURTHER: Final = 3
"""So many more nights are played in favour of each kind of step that did not succeed."""
ROUNDS: Final = 80 if LONG else 60
LONG_TIMEOUT_S: Final = 4 * 3600


def _play(world: World, seed: int) -> Night:
    """A night whose tasks take their turns in an order that follows from the seed, too."""
    trio._core._run._r.seed(seed)
    play = partial(play_night, copy_of(world), seed, rounds=ROUNDS)
    return trio.run(play, clock=MockClock(autojump_threshold=0))


@pytest.mark.timeout(LONG_TIMEOUT_S if LONG else 300)
def test_whatever_happens_at_night_what_was_answered_is_true(
    founded_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over steps of all kinds, retries, crashes, lost commits, a database that is away, and time.

    Each kind of step has to succeed in some night: what never happens shows nothing.
    """
    monkeypatch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
    if SEED is not None:
        _play(founded_world, int(SEED))
        return
    met: Counter[str] = Counter()
    for n in range(NIGHTS):
        met += _play(founded_world, n * STRIDE).met
    for n in range(FURTHER):
        for at, name in enumerate(NAMES):
            if not met[name]:
                met += _play(founded_world, (1_000 + n) * len(NAMES) + at).met
    assert [name for name in NAMES if not met[name]] == []
