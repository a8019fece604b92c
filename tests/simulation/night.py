"""A night: who is there, how they ask, and what they remember of the answers.

Everything random comes from one seed. Whoever gets no answer asks again with the same key, as a
phone does, over failing commits and over the end of the node. Answers are remembered, to be asked
for again later, and to be looked for in the tables.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import attrs
import trio

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.operations.transactions import GetCreditBalance
from tests.simulation import signing
from tests.simulation.asking import (
    DROPPED,
    Sent,
    dropped_after,
    goes_over_sockets,
    over_a_socket,
    over_http,
)
from tests.simulation.gathering import (
    CHANCE,
    ELSEWHERE,
    ENDED,
    HEADS,
    HOURS,
    KIND,
    PATRONS,
    STAFF,
    Answered,
    Gathering,
    Looked,
    NoStep,
)
from tests.simulation.worlds import SECOND
from tests.twins.people import VENUE, Heard, Someone

__all__ = [
    "CHANCE",
    "ELSEWHERE",
    "HEADS",
    "KIND",
    "PATRONS",
    "STAFF",
    "Answered",
    "Night",
    "NoStep",
]


@attrs.define(eq=False)
class Night(Gathering):
    """One night, over as many nodes as it takes."""

    async def let_in(self, name: str) -> bool:
        """Sign somebody in; whether they may."""
        return await signing.sign_in(self, name)

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
        key = self.fresh_key()
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
        self.moments += 1
        if changes:
            asked = (self.now.timestamp(), self.moments, sent)
            self.unanswered.setdefault(sent.key, asked)
            self.asked[sent.key] = sent
        began, since = self.moments, self.now
        heard = await self._insist(sent)
        self._note(sent, heard)
        self._look(sent, heard, began, since)
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

    def _look(self, sent: Sent, heard: Heard, began: int, since: datetime) -> None:
        """Take down what was seen of a wallet."""
        operation = sent.operation
        if heard.status != 200 or operation is None or operation.command is not GetCreditBalance:
            return
        self.moments += 1
        self.looks.append(
            Looked(body=heard.body, began=began, ended=self.moments, since=since, at=self.now)
        )

    def _count(self, sent: Sent, heard: Heard) -> None:
        operation = sent.operation
        assert operation is not None, sent
        stale = operation.query is not None and heard.code == "stale_read"
        providers = heard.code in {"provider_unavailable", "provider_error"}
        assert heard.status < 500 or stale or providers, f"{sent}: {heard}"
        self.codes[KIND.get(), heard.code or str(heard.status)] += 1
        if heard.status < 300:
            self.operations[operation.name] += 1
        self.unread[operation.name] += stale

    async def hear_again(self, sent: Sent, before: Heard) -> None:
        """The same request, by the same key, is answered alike, and nothing happens twice."""
        heard = await self._insist(sent)
        if heard.status in ENDED or sent.name in self.away:
            return
        self.say(f"{sent.name} asks again {sent.method} {sent.path} -> {_told(heard)}")
        if heard.status == 403 and heard.code in {"forbidden", "step_up_required"}:
            return
        if heard.status == 502:
            return  # The provider is asked first, and is away.
        if sent.operation is not None and sent.operation.by_gateway:
            return  # Only what an actor decides is kept: this says how things are now.
        bodies = [part.body for part in (heard, before) if isinstance(part.body, dict)]
        if any(body.get("recorded") is False for body in bodies):
            # An alarm that its venue could not take: the gateway answered, and knows no keys.
            return
        if heard.status == 404 and self._lost_a_role(sent):
            return  # The house is not theirs to see any more.
        same = (heard.status, _lasting(heard.body)) == (before.status, _lasting(before.body))
        assert same, (
            f"{sent}\nfirst {before.status} {before.body}\nthen {heard.status} {heard.body}"
        )

    def _lost_a_role(self, sent: Sent) -> bool:
        """Whether somebody changed what they are since they were answered, or is about to."""
        answered = next(one.ended for one in self.answered if one.sent.key == sent.key)
        changed = [one.sent for one in self.answered if one.ended > answered]
        changed += [asked for _, _, asked in self.unanswered.values()]
        path = f"/api/users/{self.people[sent.name].user_id}/roles"
        return any(one.path == path for one in changed)

    async def _insist(self, sent: Sent) -> Heard:
        renewed = 0
        for _ in range(signing.TRIES_MAX):
            heard = await self._try(sent)
            if heard is DROPPED:
                if self.faults.comes("client gave up") and sent.key in self.unanswered:
                    self.say(f"{sent.name} gives up {sent.method} {sent.path}")
                    raise NoStep
            elif heard.status in ENDED and heard.code == "unauthenticated" and renewed < 2:
                renewed += 1
                self.faults.met["token ended"] += 1
                if not await signing.renew(self, sent.name):
                    return heard
                continue
            elif self.faults.explain(heard):
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
        by_socket = goes_over_sockets(sent) and self.faults.comes("another way")
        way = over_a_socket if by_socket else over_http
        if sent.method == "GET" or not self.faults.is_tried("request dropped"):
            return await way(person, sent)
        turns = self.faults.chance.randint(0, self.faults.chance.choice((8, 25, 60)))
        heard = await dropped_after(turns, person, sent, way)
        if heard is DROPPED:
            self.say(f"{sent.name} is cut off in {sent.method} {sent.path}")
            self.faults.met["command dropped" if by_socket else "request dropped"] += 1
        return heard


def _there(body: object) -> object:
    """The same body, for the second house."""
    return None if body is None else json.loads(json.dumps(body).replace(VENUE, str(SECOND)))


def _lasting(body: Any) -> Any:
    """What an answer says for ever: the secret of a payment is asked of the provider each time.

    Nothing is no body over HTTP, and no data over a socket.
    """
    if isinstance(body, dict):
        return {**body, "client_secret": None}
    return None if body == b"" else body


def _told(heard: Heard) -> str:
    return f"{heard.status} {heard.code or ''} {heard.body if heard.status < 300 else ''}"
