"""A night by chance: who is there, how they ask, and what they remember of the answers.

Everything random comes from one seed. Whoever gets no answer asks again with the same key, as a
phone does, over failing commits and over the end of the node. Answers are remembered, to be asked
for again later, and to be looked for in the tables.
"""

from __future__ import annotations

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
from lastlight.web.http import Headers
from protocol.records.base import Record
from tests.simulation import signing
from tests.simulation.faults import ChanceFaults, ChanceTrouble
from tests.twins.nodes import World
from tests.twins.people import Heard, Someone, ask, instant
from tests.twins.whole import LastLight

R = TypeVar("R", bound=Record)
T = TypeVar("T")

KIND: Final[ContextVar[str]] = ContextVar("KIND", default="arriving")
"""The kind of step that is being taken."""
REMEMBERED_MAX: Final = 60
PATRONS: Final = tuple(f"patron{n}" for n in range(1, 8))
STAFF: Final = tuple(f"staff{n}" for n in range(1, 4))
HEADS: Final = ("manager", "owner")
_ENDED: Final = {401}


class NoStep(Exception):
    """There is nothing to take this step with, so it is not taken."""


@attrs.frozen(kw_only=True)
class Sent:
    """A request as it can be sent again."""

    name: str
    method: str
    path: str
    body: Any
    version: int | None
    key: str
    kind: str


@attrs.define(eq=False)
class Night:
    """One night, over as many nodes as it takes."""

    seed: int
    world: World
    random: Random
    faults: ChanceFaults
    trouble: ChanceTrouble
    people: dict[str, Someone] = attrs.field(factory=dict)
    words: deque[str] = attrs.field(factory=lambda: deque(maxlen=4_000))
    met: Counter[str] = attrs.field(factory=Counter)
    codes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    remembered: deque[tuple[Sent, Heard]] = attrs.field(
        factory=lambda: deque(maxlen=REMEMBERED_MAX)
    )
    answers: list[tuple[Sent, Heard]] = attrs.field(factory=list)
    unanswered: dict[str, Sent] = attrs.field(factory=dict)
    shut: bool = False
    """Whether the house was closed, and has to be opened for the night to go on."""
    away: set[str] = attrs.field(factory=set)
    """Who can't sign in: suspended, or erased."""
    seq: Counter[str] = attrs.field(factory=Counter)
    """How far each device has come with what it kept while it was offline."""
    _house: LastLight | None = None
    _keys: int = 0

    @classmethod
    def of(cls, seed: int, world: World) -> Night:
        """A night that nothing has happened in."""
        random = Random(seed)
        trouble = ChanceTrouble(Random(seed + 2))
        world.effects.trouble = trouble
        return cls(seed, world, random, ChanceFaults(Random(seed + 1)), trouble)

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
        self.words.append(f"{self.now:%d %H:%M:%S.%f} {words}"[:400])

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
        return await self.who(STAFF)

    async def head(self) -> Someone:
        """Who runs it, or whose it is."""
        return await self.who(HEADS)

    async def owner(self) -> Someone:
        """Whose it is."""
        return await self.named("owner")

    async def worker(self) -> Someone:
        """Anybody who is no guest."""
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
        """
        self._keys += 1
        key = f"{self.seed}-{self._keys}"
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
            self.unanswered[sent.key] = sent
        heard = await self._insist(sent)
        self.unanswered.pop(sent.key, None)
        self.say(f"{sent.name} {sent.method} {sent.path} {sent.body} -> {_told(heard)}")
        assert heard.status < 500, f"{sent}: {heard}"
        self.codes[KIND.get(), heard.code or str(heard.status)] += 1
        if heard.status >= 300:
            return heard
        self.met[KIND.get()] += 1
        if changes and again:
            self.remembered.append((sent, heard))
            self.answers.append((sent, heard))
            if self.perhaps(0.1):
                await self.hear_again(sent, heard)
        return heard

    async def hear_again(self, sent: Sent, before: Heard) -> None:
        """The same request, by the same key, is answered alike, and nothing happens twice."""
        heard = await self._insist(sent)
        if heard.status in _ENDED or sent.name in self.away:
            return
        self.say(f"{sent.name} asks again {sent.method} {sent.path} -> {_told(heard)}")
        if heard.status == 403 and heard.code in {"forbidden", "step_up_required"}:
            return
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
        for _ in range(signing.TRIES_MAX):
            person = self.people[sent.name]
            headers: Headers = (("authorization", f"Bearer {person.token}"),)
            if sent.method != "GET":
                headers = (*headers, ("idempotency-key", sent.key))
            if sent.version is not None:
                headers = (*headers, ("if-match", f'"v{sent.version}"'))
            heard = await ask(self.house, sent.method, sent.path, sent.body, headers=headers)
            if heard.status in _ENDED and heard.code == "unauthenticated" and renewed < 2:
                renewed += 1
                if not await signing.renew(self, sent.name):
                    return heard
            elif heard.code == "provider_unavailable" or (
                heard.status not in signing.UNDECIDED and heard.code != "idempotency_in_progress"
            ):
                return heard
            else:
                await trio.sleep(1)
        raise AssertionError(f"never answered: {sent}: {heard}")


def _lasting(body: Any) -> Any:
    """What an answer says for ever: the secret of a payment is asked of the provider each time."""
    return {**body, "client_secret": None} if isinstance(body, dict) else body


def _told(heard: Heard) -> str:
    return f"{heard.status} {heard.code or ''} {heard.body if heard.status < 300 else ''}"
