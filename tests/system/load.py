"""A busy evening that may be cut off at any moment, and remembers what it was told.

Each guest does one thing at a time, so what a guest has is known from the answers alone. What was
sent and not answered is sent again with the same key before the guest does anything else.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from typing import Any, Final

import attrs
import httpx
import trio

from tests.system.guests import FUNDS_MINOR, VENUE, Front, Person, arrival, order

CHECK_IN: Final = "checkin"
CHECK_OUT: Final = "checkout"
PURCHASE: Final = "purchase"
TOP_UP: Final = "topup"
UNKNOWN: Final = {503, 504}
"""Answers after which the same key is sent again."""
KEPT: Final = {200, 201, 402, 403, 409, 422}
IN_PROGRESS: Final = "idempotency_in_progress"
ASK_AGAIN_S: Final = 0.1
SETTLED_S: Final = 60.0


@attrs.define(kw_only=True, eq=False)
class Act:
    """One thing that a guest did; without an answer it may have happened or not."""

    kind: str
    by: Person
    path: str
    body: dict[str, Any] | None
    key: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    status: int | None = None
    answer: dict[str, Any] = attrs.field(factory=dict)
    elapsed_s: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether its effect is known."""
        return self.status is not None

    @property
    def done(self) -> bool:
        """Whether it was answered with yes."""
        return self.status in {200, 201}

    @property
    def is_kept(self) -> bool:
        """Whether the answer is kept with its key (Rule 12)."""
        return self.status in KEPT

    async def send(self, front: Front) -> httpx.Response:
        """Send it, now or once more."""
        began = trio.current_time()
        response = await front.send(self.by, "POST", self.path, self.body, key=self.key)
        self.elapsed_s = trio.current_time() - began
        return response

    def note(self, response: httpx.Response) -> None:
        """Take an answer that decides; one that does not leaves it unanswered."""
        body = response.json()
        if response.status_code in UNKNOWN or body.get("code") == IN_PROGRESS:
            return
        assert response.status_code < 500, f"{self.kind} of {self.by.name}: {response.text}"
        self.status, self.answer = response.status_code, body


@attrs.define(kw_only=True, eq=False)
class Guest:
    """A patron in the evening; cash is taken by `cashier`."""

    person: Person
    cashier: Person
    dice: random.Random
    line: dict[str, Any]
    acts: list[Act] = attrs.field(factory=list)
    visit: str | None = None
    """The session that is open by what was answered."""
    pending: Act | None = None
    unsettled: int = 0
    """Answers that said nothing yet: 503, 504, still in progress."""

    async def stay(self, front: Front, code: str) -> None:
        """Do one thing after another until the node goes away."""
        while True:
            if self.pending is None:
                self.pending = self._choose(code)
                self.acts.append(self.pending)
            try:
                response = await self.pending.send(front)
            except httpx.TransportError:
                return
            self._take(response)
            if self.pending is not None:
                self.unsettled += 1
                await trio.sleep(ASK_AGAIN_S)

    async def settle(self, front: Front) -> None:
        """Ask again for what was cut off, until it is answered."""
        with trio.fail_after(SETTLED_S):
            while self.pending is not None:
                self._take(await self.pending.send(front))
                if self.pending is not None:
                    await trio.sleep(ASK_AGAIN_S)

    async def leave(self, front: Front) -> None:
        """Check out, if still there."""
        if self.visit is not None:
            self.pending = self._act(CHECK_OUT, f"/api/sessions/{self.visit}/checkout", None)
            self.acts.append(self.pending)
            await self.settle(front)

    def done(self, kind: str) -> list[Act]:
        """What was answered with yes."""
        return [act for act in self.acts if act.kind == kind and act.done]

    def spendable_minor(self) -> int:
        """What must be left when no session is open, by the answers alone."""
        paid_in: int = sum(act.answer["amount_minor"] for act in self.done(TOP_UP))
        bought: int = sum(act.answer["total_minor"] for act in self.done(PURCHASE))
        charged: int = sum(act.answer["charge_minor"] for act in self.done(CHECK_OUT))
        return FUNDS_MINOR + paid_in - bought - charged

    def _take(self, response: httpx.Response) -> None:
        act = self.pending
        assert act is not None
        act.note(response)
        if not act.answered:
            return
        self.pending = None
        if act.done and act.kind == CHECK_IN:
            self.visit = act.answer["session_id"]
        elif act.done and act.kind == CHECK_OUT:
            self.visit = None

    def _choose(self, code: str) -> Act:
        throw = self.dice.random()
        if throw < 0.45:
            return self._act(PURCHASE, "/api/transactions/purchase", order(self.line))
        if throw < 0.7:
            body = {
                "venue_id": VENUE,
                "amount_minor": 500 + self.dice.randrange(100),
                "tender": "cash",
                "user_id": self.person.user_id,
            }
            return self._act(TOP_UP, "/api/transactions/topup", body, by=self.cashier)
        if self.visit is None:
            return self._act(CHECK_IN, "/api/sessions/checkin", arrival(code))
        return self._act(CHECK_OUT, f"/api/sessions/{self.visit}/checkout", None)

    def _act(
        self, kind: str, path: str, body: dict[str, Any] | None, by: Person | None = None
    ) -> Act:
        return Act(kind=kind, by=by or self.person, path=path, body=body)


def done_by_all(guests: Iterable[Guest], kind: str) -> list[Act]:
    """All of a kind that was answered with yes."""
    return [act for guest in guests for act in guest.done(kind)]


async def gather(
    front: Front, dice: random.Random, *, first: int, count: int, cashiers: int
) -> list[Guest]:
    """Sign in guests, and put cashiers behind open tills."""
    people = await front.patrons(first, count)
    staff = [await front.open_till(f"staff{n}") for n in range(1, cashiers + 1)]
    item = await front.cheapest(people[0])
    line = {"item_id": item["item_id"], "qty": 1}
    return [
        Guest(
            person=person,
            cashier=staff[n % cashiers],
            dice=random.Random(dice.random()),
            line=line,
        )
        for n, person in enumerate(people)
    ]
