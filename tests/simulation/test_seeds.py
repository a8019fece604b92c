"""Nights by seed: all is well in them, the same seed is the same night, and failures are cut short.

TEST_LASTLIGHT_SEEDS says how many nights are played; `make simulate SEEDS=n` plays them faster.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.simulation.plan import Move, plan_of
from tests.simulation.shrinking import shrink

SEEDS: Final = int(os.environ.get("TEST_LASTLIGHT_SEEDS", "8"))
ALIKE: Final = 20 if SEEDS >= 20 else 4


def _simulator(*line: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    return subprocess.run(
        [sys.executable, *line], capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.timeout(1200)
def test_whatever_happens_at_night_what_was_answered_is_true() -> None:
    """The promise of the design, over nights of all kinds; a seed that fails is printed."""
    done = _simulator("-m", "tests.simulation", "run", str(SEEDS), "--jobs=2")
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


@pytest.mark.timeout(600)
def test_the_same_seed_is_the_same_night_to_the_byte() -> None:
    """Nights in two processes: else a failing seed would be nothing to look into."""
    done = _simulator("-m", "tests.simulation", "twice", str(ALIKE))
    assert done.returncode == 0, done.stdout + done.stderr[-2_000:]


def test_a_plan_follows_from_its_seed_alone() -> None:
    """And differs from the next one's."""
    assert plan_of(5) == plan_of(5)
    assert plan_of(5) != plan_of(6)


def test_a_failing_night_is_cut_down_to_the_moves_that_it_takes() -> None:
    """Whoever looks into it has little to read: here two moves that are far apart."""
    plan = plan_of(3)
    needed = {plan.moves[1], plan.moves[-1]}
    kept = shrink(plan, lambda shorter: needed <= set(shorter.moves))
    assert {plan.moves[n] for n in kept} == needed
    assert all(isinstance(move, Move) for move in plan.moves)
