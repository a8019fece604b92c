"""Many nights on all cores and what they met; of those that fail, all it takes to see why."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from typing import Final

import attrs

from tests.simulation.coverage import ENOUGH, Coverage
from tests.simulation.mutants import MUTATIONS
from tests.simulation.nights import (
    ENDLESS,
    Failure,
    Planting,
    Told,
    found_all,
    plan_for,
    told_by_fork,
    told_of,
)
from tests.simulation.plan import Plan, plan_of
from tests.simulation.shrinking import SHRINK_S, shrink
from tests.twins.nodes import World

SAY_EVERY_S: Final = 10.0
FAILURES_SHOWN: Final = 5


def played(
    seeds: Iterable[int],
    worlds: Sequence[World],
    *,
    jobs: int | None = None,
    planting: Planting = nullcontext,
    until: float = math.inf,
) -> Iterator[Told]:
    """Play nights on all cores; told of in the order in which they end.

    None is begun after `until`, of the machine's steady clock.
    """
    count = jobs or os.cpu_count() or 1
    play = partial(_play_one, worlds=worlds, planting=planting, until=until)
    if count == 1:
        yield from filter(None, map(play, seeds))
        return
    _HELD["play"] = play
    # Forked from here, so that the worlds are there already.
    with get_context("fork").Pool(count) as pool:
        yield from filter(None, pool.imap_unordered(_play_there, seeds))


_HELD: Final[dict[str, Callable[[int], Told | None]]] = {}
"""What processes that are forked from here find."""


def _play_there(seed: int) -> Told | None:
    return _HELD["play"](seed)


def _play_one(seed: int, worlds: Sequence[World], planting: Planting, until: float) -> Told | None:
    if time.monotonic() >= until:
        return None
    return told_by_fork(plan_of(seed), worlds, planting)


def run(
    seeds: int, *, first: int = 0, jobs: int | None = None, seconds: float | None = None
) -> int:
    """Play so many nights and say how it went; 1 if not all was well.

    After `seconds` no night is begun any more. Fewer than were wanted will do, but not so few that
    they are not judged by what they met.
    """
    worlds, coverage = found_all(), Coverage()
    failed: list[Told] = []
    began = said = time.monotonic()
    until = math.inf if seconds is None else began + seconds
    for told in played(range(first, first + seeds), worlds, jobs=jobs, until=until):
        coverage.add(told)
        if told.failure is not None:
            failed.append(told)
            _say(f"seed {told.seed} fails: {told.failure.where}")
        if time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            pace = coverage.nights / (said - began)
            _say(f"{coverage.nights} of {seeds}, {pace:.1f} a second, {len(failed)} failed")
    took_s = time.monotonic() - began
    pace = coverage.nights / took_s
    _say(f"\n{coverage.table()}\n\n{pace:.1f} nights a second over {took_s:.0f} s")
    for told in sorted(failed, key=lambda one: one.seed)[:FAILURES_SHOWN]:
        _show(told, worlds, seconds=SHRINK_S / min(len(failed), FAILURES_SHOWN))
    missing = coverage.missing() if coverage.nights >= ENOUGH else []
    if missing:
        _say(f"never occurred: {', '.join(missing)}")
    few = coverage.nights < min(seeds, ENOUGH)
    wanted = f"; at least {min(seeds, ENOUGH)} have to be" if few else ""
    _say(f"{coverage.nights} of {seeds} nights were played, {len(failed)} failed{wanted}")
    return 1 if failed or missing or few else 0


def replay(seed: int, *, only: Sequence[int] | None, mutation: str | None, logs: bool) -> int:
    """Play one night here, and say all that it says."""
    worlds = found_all()
    with planting_of(mutation)():
        told = told_of(plan_for(seed, only), worlds, logs=logs)
    if told.failure is None:
        _say(f"seed {seed} is well; {told.digest}")
        return 0
    _say("\n".join(told.failure.words))
    _say(f"\n{told.failure.text}")
    return 1


def mutants(seeds: int, *, jobs: int | None = None, name: str | None = None) -> int:
    """Plant each fault by itself, and play nights until one of them shows it."""
    worlds = found_all()
    wanted = [one for one in MUTATIONS if name in (None, one)]
    missed = []
    _say(f"{'planted':<44} {'nights':>7} {'reached':>8}  found by")
    for one in wanted:
        hunt = first_failure(one, seeds, worlds, jobs=jobs)
        missed += [one] if hunt.failure is None else []
        _say(f"{one:<44} {hunt.nights:>7} {hunt.reached:>8}  {hunt.told()}")
    _say(f"{len(wanted) - len(missed)} of {len(wanted)} found")
    return 1 if missed else 0


@attrs.define(kw_only=True)
class Hunt:
    """A search for something planted."""

    nights: int = 0
    reached: int = 0
    """How often it made a difference in those."""
    rejected: int = 0
    """Nights that failed as no wrong code does: endless, or by a TypeError or the like."""
    failure: Failure | None = None
    """What showed it."""

    def told(self) -> str:
        """How it went, in words."""
        said = f" ({self.rejected} slipped or were endless)" if self.rejected else ""
        return (self.failure.where if self.failure else "NOT FOUND") + said


def first_failure(
    mutation: str, seeds: int, worlds: Sequence[World], *, jobs: int | None = None
) -> Hunt:
    """Play nights until something planted shows; what shows only that it is bad code does not."""
    planting, hunt = planting_of(mutation), Hunt()
    for told in played(range(seeds), worlds, jobs=jobs, planting=planting):
        hunt.nights += 1
        hunt.reached += told.reached
        if told.failure is None:
            continue
        if told.slipped or told.failure.where == ENDLESS:
            hunt.rejected += 1
        # A night that fails without it shows nothing.
        elif told_by_fork(plan_of(told.seed), worlds).failure is None:
            hunt.failure = told.failure
            break
    return hunt


def planting_of(mutation: str | None) -> Planting:
    """What plants it; nothing if there is no name."""
    return nullcontext if mutation is None else MUTATIONS[mutation].planted


def shrunk(
    told: Told,
    worlds: Sequence[World],
    planting: Planting = nullcontext,
    *,
    seconds: float = SHRINK_S,
) -> Plan:
    """The shortest night that fails as this one did."""
    assert told.failure is not None
    where = told.failure.where
    plan = plan_of(told.seed)

    def fails(shorter: Plan) -> bool:
        failure = told_by_fork(shorter, worlds, planting).failure
        return failure is not None and failure.where == where

    return plan.only(shrink(plan, fails, seconds=seconds))


def _show(told: Told, worlds: Sequence[World], *, seconds: float) -> None:
    """The seed, the commit, what it takes in words, and how to see it again."""
    assert told.failure is not None
    plan = plan_of(told.seed)
    short = shrunk(told, worlds, seconds=seconds)
    numbers = [n for n, move in enumerate(plan.moves) if move in short.moves]
    last = told_by_fork(short, worlds).failure or told.failure
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    only = ",".join(map(str, numbers))
    _say(f"\n=== seed {told.seed} at commit {commit}: {told.failure.where}")
    _say(f"{len(numbers)} of {len(plan.moves)} moves are left\n")
    _say("\n".join(last.words))
    _say(f"\n{last.text}")
    _say(f"again, with logs: make replay SEED={told.seed} ARGS='--only={only} --logs'")


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
