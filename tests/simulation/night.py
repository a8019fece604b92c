"""A night: who is there, how they ask, and what they remember of the answers.

Everything random comes from one seed. Whoever gets no answer asks again with the same key, as a
phone does, over failing commits and over the end of the node. Answers are remembered, to be asked
for again later, and to be looked for in the tables.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs
import trio

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.records.base import Record
from tests.simulation import signing
from tests.simulation.asking import (
    DROPPED,
    Sent,
    dropped_after,
    goes_over_sockets,
    over_a_socket,
    over_http,
)
from tests.simulation.faults import Faults
from tests.simulation.plan import Plan
from tests.simulation.worlds import SECOND
from tests.twins.nodes import World
from tests.twins.people import VENUE, Heard, Someone, instant
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
_ENDED: Final = {401}
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


@attrs.define(eq=False)
class Night:
    """One night, over as many nodes as it takes."""

    plan: Plan
    world: World
    faults: Faults
    _random: Random
    people: dict[str, Someone] = attrs.field(factory=dict)
    words: deque[str] = attrs.field(factory=lambda: deque(maxlen=4_000))
    met: Counter[str] = attrs.field(factory=Counter)
    """Kinds of steps that were answered well."""
    operations: Counter[str] = attrs.field(factory=Counter)
    """Operations that were answered well; of queries, those that were asked."""
    codes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    remembered: deque[tuple[Sent, Heard]] = attrs.field(
        factory=lambda: deque(maxlen=REMEMBERED_MAX)
    )
    answers: list[tuple[Sent, Heard]] = attrs.field(factory=list)
    answered: list[Answered] = attrs.field(factory=list)
    """All that was answered well, for as long as the night lasts."""
    moments: int = 0
    """Counts what is asked and what is heard."""
    unanswered: dict[str, tuple[float, int, Sent]] = attrs.field(factory=dict)
    """What was asked and not answered, by its key, with when and in which place of all."""
    shut: bool = False
    """Whether the house was closed, and has to be opened for the night to go on."""
    away: set[str] = attrs.field(factory=set)
    """Who can't sign in: suspended, or erased."""
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
    def of(cls, plan: Plan, world: World) -> Night:
        """A night that nothing has happened in."""
        return cls(plan, world, Faults(plan.rates), Random(plan.seed))

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
        if name not in self.people and not await signing.sign_in(self, name):
            raise NoStep
        return self.people[name]

    async def of_user(self, user_id: UUID) -> Someone:
        """Whose id this is, if they ever signed in."""
        found = [p for p in self.people.values() if p.user_id == str(user_id)]
        return self.one([person for person in found if person.name not in self.away])

    async def prove(self, person: Someone) -> None:
        """Type the password again, for what asks for it."""
        heard = await self.ask(
            person, "POST", "/api/auth/step-up", {"password": DEMO_PASSWORD}, again=False
        )
        if heard.status == 200:
            person.token = heard.body["access_token"]

    # Asking

    async def ask(
        self,
        who: Someone,
        method: str,
        path: str,
        body: object = None,
        *,
        version: int | None = None,
        again: bool = True,
    ) -> Heard:
        """Ask until there is an answer that decides; now and then, ask twice.

        A version that is not the current one is replaced by it, once.

        Raises:
            NoStep: nobody waits for the answer any more; it is asked for again later.
        """
        self._keys += 1
        key = f"{self.seed}-{self._keys}"
        if ELSEWHERE.get():
            path, body = path.replace(VENUE, str(SECOND)), _there(body)
        sent = Sent(
            name=who.name, method=method, path=path, body=body, version=version, key=key,
            kind=KIND.get(),
        )  # fmt: skip
        heard = await self.send(sent, again=again)
        if heard.status == 412 and version is not None:
            current = heard.body["current_version"]
            return await self.ask(who, method, path, body, version=current, again=again)
        return heard

    async def send(self, sent: Sent, *, again: bool = True) -> Heard:
        """The same, for a request that was made already."""
        changes = sent.method != "GET"
        if changes:
            self.moments += 1
            asked = (self.now.timestamp(), self.moments, sent)
            self.unanswered.setdefault(sent.key, asked)
        heard = await self._insist(sent)
        self._note(sent, heard)
        self.say(f"{sent.name} {sent.method} {sent.path} {sent.body} -> {_told(heard)}")
        self._count(sent, heard)
        if heard.status >= 300:
            return heard
        self.met[KIND.get()] += 1
        if changes and again:
            self.remembered.append((sent, heard))
            self.answers.append((sent, heard))
            if self.perhaps(0.1):
                await self.hear_again(sent, heard)
        return heard

    def _note(self, sent: Sent, heard: Heard) -> None:
        """Take down what was answered, and since when it was asked."""
        if (asked := self.unanswered.pop(sent.key, None)) is None:
            return
        since_s, began, _ = asked
        late = self.world.clock.now().timestamp() - since_s > HOURS
        self.faults.met["came back after hours"] += late
        self.moments += 1
        if heard.status < 300:
            self.answered.append(
                Answered(
                    number=len(self.answered),
                    sent=sent,
                    heard=heard,
                    began=began,
                    ended=self.moments,
                )
            )

    def _count(self, sent: Sent, heard: Heard) -> None:
        operation = sent.operation
        assert operation is not None, sent
        stale = operation.query is not None and heard.code == "stale_read"
        providers = heard.code in {"provider_unavailable", "provider_error"}
        assert heard.status < 500 or stale or providers, f"{sent}: {heard}"
        self.codes[KIND.get(), heard.code or str(heard.status)] += 1
        if heard.status < 300 or stale:
            self.operations[operation.name] += 1

    async def hear_again(self, sent: Sent, before: Heard) -> None:
        """The same request, by the same key, is answered alike, and nothing happens twice."""
        heard = await self._insist(sent)
        if heard.status in _ENDED or sent.name in self.away:
            return
        self.say(f"{sent.name} asks again {sent.method} {sent.path} -> {_told(heard)}")
        if heard.status == 403 and heard.code in {"forbidden", "step_up_required"}:
            return
        if heard.status == 502:
            return  # The provider is asked first, and is away.
        bodies = [part.body for part in (heard, before) if isinstance(part.body, dict)]
        if any(body.get("recorded") is False for body in bodies):
            # An alarm that its venue could not take: the gateway answered, and knows no keys.
            return
        same = (heard.status, _lasting(heard.body)) == (before.status, _lasting(before.body))
        assert same, (
            f"{sent}\nfirst {before.status} {before.body}\nthen {heard.status} {heard.body}"
        )

    async def _insist(self, sent: Sent) -> Heard:
        renewed = 0
        raised = self.faults.met["decision raised"]
        for _ in range(signing.TRIES_MAX):
            heard = await self._try(sent)
            if heard is DROPPED:
                if self.faults.comes("client gave up") and sent.key in self.unanswered:
                    self.say(f"{sent.name} gives up {sent.method} {sent.path}")
                    raise NoStep
            elif heard.status in _ENDED and heard.code == "unauthenticated" and renewed < 2:
                renewed += 1
                self.faults.met["token ended"] += 1
                if not await signing.renew(self, sent.name):
                    return heard
                continue
            elif heard.code == "internal" and self.faults.met["decision raised"] > raised:
                self.say(f"{sent.name} {sent.method} {sent.path} fails as was planted")
            elif self._is_decided(sent, heard):
                return heard
            await trio.sleep(1)
        raise AssertionError(f"never answered: {sent}: {heard}")

    def _is_decided(self, sent: Sent, heard: Heard) -> bool:
        if heard.code in {"provider_unavailable", "stale_read"}:
            return True
        return heard.status not in signing.UNDECIDED and heard.code != "idempotency_in_progress"

    async def _try(self, sent: Sent) -> Heard:
        """Ask once, one way or the other."""
        person = self.people[sent.name]
        if sent.method != "GET" and self.faults.comes("request dropped"):
            self.say(f"{sent.name} is cut off in {sent.method} {sent.path}")
            return await dropped_after(self.faults.chance.randint(0, 60), person, sent)
        if goes_over_sockets(sent) and self.faults.comes("another way"):
            return await over_a_socket(person, sent)
        return await over_http(person, sent)


def _there(body: object) -> object:
    """The same body, for the second house."""
    return None if body is None else json.loads(json.dumps(body).replace(VENUE, str(SECOND)))


def _lasting(body: Any) -> Any:
    """What an answer says for ever: the secret of a payment is asked of the provider each time."""
    return {**body, "client_secret": None} if isinstance(body, dict) else body


def _told(heard: Heard) -> str:
    return f"{heard.status} {heard.code or ''} {heard.body if heard.status < 300 else ''}"
