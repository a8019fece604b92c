"""Phones for tests: the reference client in a process of Node, told what to do by its user.

What a phone hears is kept in order. Waiting looks at what was heard, so no test guesses how long
anything takes.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import trio

from tests.clients.javascript import HERE, Ended, Script, open_script
from tests.system.guests import PASSWORD, Person

HEARD_S: Final = 30.0


class Refused(Exception):
    """What a phone was told could not be done; with the problem's code."""


@attrs.define(eq=False)
class Phone:
    """One client. Made by `Phones.phone`."""

    phones: Phones
    name: str
    states: list[str] = attrs.field(factory=list)
    events: list[dict[str, Any]] = attrs.field(factory=list)
    results: list[dict[str, Any]] = attrs.field(factory=list)

    async def do(self, what: str, **more: Any) -> Any:
        """Tell it something, and wait until that is done.

        Raises:
            Refused: it is not.
        """
        return await self.phones.ask({"do": what, "phone": self.name, **more})

    async def open(self, url: str, person: Person) -> None:
        """Connect as somebody who is signed in."""
        tokens = {"access": person.token, "refresh": "none", "until": (time.time() + 600) * 1000}
        await self.do("open", url=url, tokens=tokens)

    async def sign_in(self, url: str, name: str) -> str:
        """Sign in by password and connect, with a token that can be renewed; who it is."""
        await self.do("open", url=url)
        await self.wait_state("signed_out")
        email = f"{name}@lastlight.example"
        someone = await self.do("sign_in", email=email, password=PASSWORD)
        await self.do("open", url=url)
        await self.wait_state("open")
        user_id: str = someone["user_id"]
        return user_id

    async def join(self, room: str) -> None:
        """Hear a room, and wait until it is known where that stands.

        Raises:
            Refused: it is not this person's.
        """
        await self.do("join", room=room)

    async def room(self, room: str) -> dict[str, Any]:
        """What it holds of a room."""
        found: dict[str, Any] = await self.do("room", room=room)
        return found

    async def wait_state(self, state: str) -> None:
        """Wait until it is in a state."""
        await self.phones.wait(lambda: bool(self.states) and self.states[-1] == state)

    async def wait_events(self, count: int) -> None:
        """Wait until it has shown so many events."""
        await self.phones.wait(lambda: len(self.events) >= count)

    async def wait_event(self, type_: str) -> dict[str, Any]:
        """The first event of a type that it has shown; waits for it."""
        await self.phones.wait(lambda: any(event["type"] == type_ for event in self.events))
        return next(event for event in self.events if event["type"] == type_)


class Phones:
    """All phones of one process. Made by `open_phones`."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._phones: dict[str, Phone] = {}
        self._line = trio.Event()
        self._saying = trio.Lock()

    def phone(self, name: str) -> Phone:
        """The phone of this name."""
        return self._phones.setdefault(name, Phone(self, name))

    async def ask(self, message: dict[str, Any]) -> Any:
        """Tell the process something and wait for its answer."""
        n = next(self._numbers)
        async with self._saying:
            await self._script.say({"n": n, **message})
        await self.wait(lambda: n in self._answers)
        answer = self._answers.pop(n)
        if "failed" in answer:
            raise Refused(answer["failed"])
        return answer["done"]

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something was heard.

        Raises:
            trio.TooSlowError: not within HEARD_S.
        """
        with trio.fail_after(HEARD_S):
            while not condition():
                await self.next_line()

    def signal(self, what: signal.Signals) -> None:
        """Let the phones stand still, or go on."""
        self._script.signal(what)

    async def next_line(self) -> None:
        """Wait until anything more was heard."""
        await self._line.wait()

    async def read(self) -> None:
        """Take in what the process says, until it ends."""
        while True:
            try:
                said = await self._script.hear(within_s=3_600)
            except Ended:
                return
            self._take(said)
            heard, self._line = self._line, trio.Event()
            heard.set()

    def _take(self, said: dict[str, Any]) -> None:
        if "n" in said:
            self._answers[said["n"]] = said
            return
        phone = self.phone(said["phone"])
        if "state" in said:
            phone.states.append(said["state"])
        elif "event" in said:
            phone.events.append(said["event"])
        else:
            phone.results.append(said["result"])


@asynccontextmanager
async def open_phones() -> AsyncIterator[Phones]:
    """A process for phones while in the block."""
    async with open_script(HERE / "app.ts") as script, trio.open_nursery() as nursery:
        phones = Phones(script)
        nursery.start_soon(phones.read)
        yield phones
        nursery.cancel_scope.cancel()
