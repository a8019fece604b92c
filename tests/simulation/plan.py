"""A night as a list of moves, made of a seed before anything happens.

Each move has a seed of its own, for what it chooses, for whose turn it is, and for the faults that
come meanwhile. So a night without some of its moves is much like the whole one, and a night that
fails can be cut down to the moves that it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

import attrs

from tests.simulation.faults import in_favour, rates_of
from tests.simulation.worlds import BEGINNINGS

MOVES_MIN: Final = 8
MOVES_MAX: Final = 16
MOVED: Final = (
    "crash", "crash in the middle", "told to end", "journal full", "disk stays full",
    "database away", "mailbox full", "actors retired", "provider away", "provider hangs",
    "provider answers late", "event before answer", "clock set forward",
    "clock set back", "connection dropped", "connection dropped meanwhile",
    "role changed", "token lost",
)  # fmt: skip
"""Faults that are moves, in the order in which one is chosen."""
LOOK_EVERY: Final = 9


@attrs.frozen
class Move:
    """Something that happens, and the seed of how."""

    kind: str
    seed: int


@attrs.frozen(kw_only=True)
class Plan:
    """One night."""

    seed: int
    beginning: int
    """Which of BEGINNINGS."""
    forward_minutes: int
    """How far into the night it begins."""
    rates: Mapping[str, float]
    moves: tuple[Move, ...]

    def only(self, kept: Iterable[int]) -> Plan:
        """The same night with some of its moves, by their numbers."""
        return attrs.evolve(self, moves=tuple(self.moves[n] for n in sorted(kept)))


def plan_of(seed: int) -> Plan:
    """The night of a seed."""
    random = Random(seed)
    rates = rates_of(random) | in_favour(seed)
    beginning = random.choice((0, 0, 1, 2)) % len(BEGINNINGS)
    moves = []
    for n in range(random.randint(MOVES_MIN, MOVES_MAX)):
        moves.append(Move(_kind(random, rates), random.getrandbits(32)))
        if n % LOOK_EVERY == LOOK_EVERY - 1:
            moves.append(Move("look", random.getrandbits(32)))
    return Plan(
        seed=seed,
        beginning=beginning,
        forward_minutes=random.choice((0, 120, 300, 420, 470)),
        rates=rates,
        moves=tuple(moves),
    )


def _kind(random: Random, rates: Mapping[str, float]) -> str:
    chance = random.random()
    for name in MOVED:
        if chance < rates[name]:
            return name
        chance -= rates[name]
    return random.choice(("steps", "steps", "steps", "steps", "time", "come back"))
