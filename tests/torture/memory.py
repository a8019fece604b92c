"""What everybody asked a node for, in which order, and what they were told: the run's history.

It is taken down where requests leave, over HTTP and over sockets alike, in the words that the
simulator's oracle reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs
import httpx

from tests.simulation.asking import Sent
from tests.simulation.gathering import Answered, Looked
from tests.system.guests import Body, Front, Person
from tests.twins.people import Heard

WALLET: Final = "/api/transactions/credits"
GOOD: Final = 300
"""Answers below this are remembered; what is refused is told by the journal."""


@attrs.define(eq=False)
class Memory:
    """All of it, for as long as the evening lasts."""

    moments: int = 0
    """Counts what is asked and what is heard."""
    asked: dict[str, Sent] = attrs.field(factory=dict)
    began: dict[str, int] = attrs.field(factory=dict)
    """By key, when it was first asked."""
    answered: dict[str, Answered] = attrs.field(factory=dict)
    """By key, what was first answered well."""
    looks: list[Looked] = attrs.field(factory=list)

    def moment(self) -> int:
        """The next place in the order of all."""
        self.moments += 1
        return self.moments

    def ask(self, sent: Sent) -> None:
        """It leaves, perhaps again."""
        if sent.key not in self.asked:
            self.asked[sent.key], self.began[sent.key] = sent, self.moment()

    def hear(self, sent: Sent, heard: Heard) -> None:
        """There is an answer."""
        if heard.status < GOOD and sent.key not in self.answered:
            ended = self.moment()
            self.answered[sent.key] = Answered(
                number=ended, sent=sent, heard=heard, began=self.began[sent.key], ended=ended
            )


@attrs.frozen
class RememberingFront(Front):
    """A front that takes down what goes through it."""

    inner: Front
    memory: Memory

    @classmethod
    def of(cls, inner: Front, memory: Memory) -> RememberingFront:
        """The same front, with a memory."""
        return cls(inner.http, inner.known, inner, memory)

    async def send(
        self,
        person: Person | None,
        method: str,
        path: str,
        body: Body | bytes | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send it, and take down what of it concerns somebody who is signed in."""
        key = key or str(uuid.uuid4())
        if person is not None and method == "GET":
            began, since = self.memory.moment(), datetime.now(UTC)
            answer = await self.inner.send(person, method, path, body, headers=headers)
            if path == WALLET and answer.status_code < GOOD:
                self.memory.looks.append(
                    Looked(
                        body=answer.json(), began=began, ended=self.memory.moment(), since=since,
                        at=datetime.now(UTC),
                    )
                )  # fmt: skip
            return answer
        sent = None
        if person is not None:
            sent = Sent(
                name=person.name, method=method, path=path, body=body, version=None, key=key,
                kind="evening",
            )  # fmt: skip
            self.memory.ask(sent)
        answer = await self.inner.send(person, method, path, body, key=key, headers=headers)
        if sent is not None:
            told = answer.json() if answer.content else b""
            heard = Heard(status=answer.status_code, headers={}, body=told, raw=answer.content)
            self.memory.hear(sent, heard)
        return answer
