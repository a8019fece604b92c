"""Who is there tonight, what chooses what they do, and what is remembered of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Self, TypeVar
from uuid import UUID

import attrs

from lastlight.demo.ids import DEMO_VENUE
from protocol.records.base import Record
from tests.simulation.asking import (
    Sent,
)
from tests.simulation.plan import Plan
from tests.simulation.planted import NotedFaults
from tests.simulation.worlds import SECOND
from tests.twins.nodes import World
from tests.twins.people import Heard, Someone, instant
from tests.twins.whole import LastLight

R = TypeVar("R", bound=Record)
T = TypeVar("T")

KIND: Final[ContextVar[str]] = ContextVar("KIND", default="arriving")
"""The kind of step that is being taken."""
CHANCE: Final[ContextVar[Random]] = ContextVar("CHANCE")
"""What the step that is being taken chooses by: its own, so others may be left out."""
ELSEWHERE: Final[ContextVar[bool]] = ContextVar("ELSEWHERE", default=False)
"""Whether the step is taken in the second house."""
REMEMBERED_MAX: Final = 60
PATRONS: Final = tuple(f"patron{n}" for n in range(1, 8))
STAFF: Final = ("staff1", "staff2", "staff3")
HEADS: Final = ("manager", "owner")
STAFF_ELSEWHERE: Final = ("staff3", "staff4")
HEADS_ELSEWHERE: Final = ("staff5", "owner")
ENDED: Final = {401}
HOURS: Final = 3600


class NoStep(Exception):
    """There is nothing to take this step with, so it is not taken, or nobody heard its answer."""


@attrs.frozen(kw_only=True)
class Answered:
    """A request with its answer; `began` and `ended` are places in the order of all of them."""

    number: int
    sent: Sent
    heard: Heard
    began: int
    ended: int


@attrs.frozen(kw_only=True)
class Looked:
    """A look at a wallet: what was seen, and between which places and times."""

    body: Any
    began: int
    ended: int
    since: datetime
    at: datetime


@attrs.define(eq=False)
class Gathering(ABC):
    """One night, over as many nodes as it takes."""

    plan: Plan
    world: World
    faults: NotedFaults
    _random: Random
    people: dict[str, Someone] = attrs.field(factory=dict)
    words: deque[str] = attrs.field(factory=lambda: deque(maxlen=4_000))
    met: Counter[str] = attrs.field(factory=Counter)
    """Kinds of steps that were answered well."""
    operations: Counter[str] = attrs.field(factory=Counter)
    """Operations that were answered well."""
    unread: Counter[str] = attrs.field(factory=Counter)
    """Queries that were taken to the read side, which a node in memory has not."""
    codes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    remembered: deque[tuple[Sent, Heard]] = attrs.field(
        factory=lambda: deque(maxlen=REMEMBERED_MAX)
    )
    answers: list[tuple[Sent, Heard]] = attrs.field(factory=list)
    answered: list[Answered] = attrs.field(factory=list)
    """All that was answered well, for as long as the night lasts."""
    looks: list[Looked] = attrs.field(factory=list)
    moments: int = 0
    """Counts what is asked and what is heard."""
    unanswered: dict[str, tuple[float, int, Sent]] = attrs.field(factory=dict)
    """What was asked and not answered, by its key, with when and in which place of all."""
    asked: dict[str, Sent] = attrs.field(factory=dict)
    """All that was ever asked to be changed, by its key."""
    shut: bool = False
    """Whether the house was closed, and has to be opened for the night to go on."""
    away: set[str] = attrs.field(factory=set)
    """Who can't sign in: suspended, or erased."""
    ended: list[Someone] = attrs.field(factory=list)
    """Those whose tokens may never count again, with these tokens."""
    seq: Counter[str] = attrs.field(factory=Counter)
    """How far each device has come with what it kept while it was offline."""
    hooked: set[str] = attrs.field(factory=set)
    """Events of the provider that were sent already."""
    steps: int = 0
    backups: list[dict[str, Any]] = attrs.field(factory=list)
    """Of the database, the last two."""
    _house: LastLight | None = None
    _keys: int = 0

    @classmethod
    def of(cls, plan: Plan, world: World) -> Self:
        """A night that nothing has happened in."""
        return cls(plan, world, NotedFaults(plan.rates), Random(plan.seed))

    @property
    def began(self) -> datetime:
        """When the night began."""
        return self.world.clock.start + timedelta(minutes=self.plan.forward_minutes)

    @property
    def seed(self) -> int:
        """What the night follows from."""
        return self.plan.seed

    @property
    def random(self) -> Random:
        """What chooses now."""
        return CHANCE.get(self._random)

    @property
    def house(self) -> LastLight:
        """The node that runs."""
        assert self._house is not None
        return self._house

    def move_to(self, house: LastLight) -> None:
        """Everybody's phone finds the new node."""
        self._house = house
        for person in self.people.values():
            person.house = house

    @property
    def now(self) -> datetime:
        """The node's time."""
        return self.world.clock.now()

    def at(self, minutes: float) -> str:
        """An instant so far from now, in words."""
        return instant(self.now + timedelta(minutes=minutes))

    def say(self, words: str) -> None:
        """Note what happens, for whoever has to read a failure."""
        self.words.append(f"{self.now:%d %H:%M:%S.%f} {words}"[:600])

    # Chance

    def one(self, things: Sequence[T]) -> T:
        """One of them; if there are none the step is not taken."""
        if not things:
            raise NoStep
        return self.random.choice(things)

    def perhaps(self, share: float) -> bool:
        """Whether it happens this time."""
        return self.random.random() < share

    def rows(self, kind: type[R], where: Callable[[R], bool] = lambda _row: True) -> list[R]:
        """Rows as far as they are flushed, in the order of their keys."""
        found = self.world.database.table(kind)
        return [found[key] for key in sorted(found, key=str) if where(found[key])]

    def row(self, kind: type[R], where: Callable[[R], bool] = lambda _row: True) -> R:
        """One such row."""
        return self.one(self.rows(kind, where))

    def rows_here(self, kind: type[R], where: Callable[[R], bool] = lambda _row: True) -> list[R]:
        """Rows of the house that the step is taken in; now and then of any."""
        if self.perhaps(0.1):
            return self.rows(kind, where)
        here = self.venue_id
        return self.rows(kind, lambda row: getattr(row, "venue_id", here) == here and where(row))

    @property
    def venue_id(self) -> UUID:
        """The house that the step is taken in."""
        return SECOND if ELSEWHERE.get() else DEMO_VENUE

    def fresh_key(self) -> str:
        """A key that nobody has asked by."""
        self._keys += 1
        return f"{self.seed}-{self._keys}"

    # People

    async def who(self, names: Iterable[str]) -> Someone:
        """One of them, signed in."""
        return await self.named(self.one([name for name in names if name not in self.away]))

    async def patron(self) -> Someone:
        """A guest."""
        return await self.who(PATRONS)

    async def staff(self) -> Someone:
        """Who works here."""
        return await self.who(STAFF_ELSEWHERE if ELSEWHERE.get() else STAFF)

    async def head(self) -> Someone:
        """Who runs it, or whose it is."""
        return await self.who(HEADS_ELSEWHERE if ELSEWHERE.get() else HEADS)

    async def owner(self) -> Someone:
        """Whose it is."""
        return await self.named("owner")

    async def worker(self) -> Someone:
        """Anybody who is no guest."""
        if ELSEWHERE.get():
            return await self.who((*STAFF_ELSEWHERE, *HEADS_ELSEWHERE))
        return await self.who((*STAFF, *HEADS))

    async def named(self, name: str) -> Someone:
        """Somebody by name, signed in once."""
        if name not in self.people and not await self.let_in(name):
            raise NoStep
        return self.people[name]

    async def of_user(self, user_id: UUID) -> Someone:
        """Whose id this is, if they ever signed in."""
        found = [p for p in self.people.values() if p.user_id == str(user_id)]
        return self.one([person for person in found if person.name not in self.away])

    @abstractmethod
    async def let_in(self, name: str) -> bool:
        """Sign somebody in; whether they may."""
