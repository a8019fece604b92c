"""One life of the node, who is connected to it, and how a step is taken in it."""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable
from importlib import import_module
from random import Random
from typing import Any, Final

import attrs
import trio

from protocol.limits import JOURNAL_RESERVE_RETRY_S
from tests.simulation import workload
from tests.simulation.clients import Clients
from tests.simulation.databases import FaultyDatabase
from tests.simulation.night import CHANCE, ELSEWHERE, KIND, Night, NoStep
from tests.simulation.workload import trespass
from tests.simulation.workload.steps import STEPS
from tests.twins.whole import LastLight

for _found in pkgutil.iter_modules(workload.__path__):
    import_module(f"{workload.__name__}.{_found.name}")  # for its steps
NAMES: Final = tuple(STEPS)
FAVOUR: Final = 40
"""How much more often the step is taken that a night is in favour of."""
AT_ONCE_MAX: Final = 7
ELSEWHERE_SHARE: Final = 0.12
SETTLED_S: Final = JOURNAL_RESERVE_RETRY_S + 3
"""A disk that was full is asked for room as often, and a turn may come late by then."""
SETTLED_MAX_S: Final = 600
FINISHED_MINUTES: Final = 100
"""Longer than anything pending may take: a payment that nobody makes is void after an hour."""
UNDER_WAY: Final = ("processing", "requires_action")
WHOLE_MINUTES_MAX: Final = 3
SKIPPED_MINUTES: Final = 14


class NodeEnds(Exception):
    """This life of the node is over."""


@attrs.define(eq=False, kw_only=True)
class Life:
    """One life of the node, and who is connected to it."""

    night: Night
    house: LastLight
    clients: Clients
    nursery: trio.Nursery
    backups: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def database(self) -> FaultyDatabase:
        """The database, which outlives it."""
        database = self.night.world.database
        assert isinstance(database, FaultyDatabase)
        return database

    def heal(self) -> None:
        """The database, the provider and the disk are as they should be."""
        self.database.away = False
        self.heal_provider()
        journal = self.house.journal
        journal.room_for, journal.taken_beyond, journal.recoveries_refused = None, frozenset(), 0

    def heal_provider(self) -> None:
        """It answers again, also whoever waits for it."""
        provider = self.night.world.provider
        provider.away, provider.early = False, None
        if provider.hangs is not None:
            provider.hangs.set()
            provider.hangs = None

    def back_up(self) -> None:
        """Keep the database as it is now."""
        self.night.backups.append(self.database.backup())
        del self.night.backups[:-2]

    async def ask_again(self) -> None:
        """Everybody who waits for an answer asks again, by the same key."""
        for _, _, sent in [*self.night.unanswered.values()]:
            KIND.set(sent.kind)
            try:
                await self.night.send(sent, again=False)
            except NoStep:
                continue
        await trespass.come_with_old_tokens(self.night)


Move = Callable[[Life], Awaitable[None]]
MOVES: Final[dict[str, Move]] = {}


def move(function: Move) -> Move:
    """Put a move into the table, under its function's name."""
    MOVES[function.__name__.replace("_", " ")] = function
    return function


def weights_of(seed: int) -> list[int]:
    """How often each kind is taken in a night, which is in favour of one of them."""
    name = NAMES[seed % len(NAMES)]
    return [weight + FAVOUR * (kind == name) for kind, (weight, _) in STEPS.items()]


async def take(night: Night, name: str, seed: int | None = None) -> object:
    """Take one step; what it tells, or None if there was nothing to take it with."""
    if seed is not None:
        CHANCE.set(Random(seed))
        ELSEWHERE.set(night.random.random() < ELSEWHERE_SHARE)
    KIND.set(name)
    night.steps += 1
    try:
        return await STEPS[name][1](night)
    except NoStep:
        night.say(f"nothing to {name} with")
        return None
