"""A storm of webhooks on a whole node: cards do what they like, and every event comes whenever.

A plan is a list of pairs of numbers: the first chooses a step, the second what it is about, so a
plan that breaks something is shrunk to a short one. Steps that can't be just now are passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import attrs
import trio

from actors.rules.lifecycle import PAYMENT_RANK
from protocol.records.money import Transaction
from protocol.records.money_states import PaymentStatus, TransactionKind, TransactionStatus
from protocol.records.payments import StripeEvent
from storage.postgres.reconciling import TradingDay
from tests.night.cards import all_is_well, begin, elevated, hook, provider_of
from tests.night.test_night_visits import settled
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, sign_in
from tests.twins.provider import Intent
from tests.twins.whole import LastLight, open_memory_last_light

Plan = Sequence[tuple[int, int]]
DELIVERED_MOST: Final = 5
INTENTS_MOST: Final = 6
_OVER: Final = frozenset({"succeeded", "canceled"})


@attrs.define(eq=False)
class Storm:
    """One storm in one world."""

    world: World
    random: Random
    transactions: dict[str, str] = attrs.field(factory=dict)
    """By the provider's name of the payment."""
    met: Counter[str] = attrs.field(factory=Counter)

    async def rage(self, plan: Plan) -> None:
        """Do the steps, over as many nodes as there are crashes; then let all events come."""
        left = list(plan)
        while left:
            async with open_memory_last_light(self.world) as house:
                people = await self._people(house)
                while left:
                    step, about = left.pop(0)
                    if not await self._step(step, about, people):
                        break
        async with open_memory_last_light(self.world) as house:
            self.world.provider.early = None
            everything = [
                n for n in range(len(self._provider.events)) for _ in range(self._times())
            ]
            self.random.shuffle(everything)
            for n in everything:
                await hook(house, n)
            await trio.sleep(3 * 3600)
            await settled(house)
            await self._judge(house)

    @property
    def _provider(self) -> Any:
        return self.world.provider

    def _times(self) -> int:
        return self.random.randint(1, DELIVERED_MOST)

    async def _people(self, house: LastLight) -> tuple[Someone, Someone]:
        return await sign_in(house, "patron1"), await elevated(await sign_in(house, "owner"))

    async def _step(self, step: int, about: int, people: tuple[Someone, Someone]) -> bool:
        """One step; False if it kills the node."""
        patron, owner = people
        house = patron.house
        steps = (
            self._begin, self._begin, self._pay, self._pay, self._decline, self._prove, self._work,
            self._deliver, self._deliver, self._deliver, self._cancel, self._refund,
            self._end_refund, self._dispute, self._wait,
        )  # fmt: skip
        if step % (len(steps) + 1) == len(steps):
            self.met["crash"] += 1
            return False
        chosen = steps[step % (len(steps) + 1)]
        if await chosen(house, about, patron, owner):
            self.met[chosen.__name__] += 1
        return True

    async def _begin(self, house: LastLight, about: int, patron: Someone, owner: Someone) -> bool:
        """A top-up by card; every other one is paid and told of before it is answered."""
        if len(self._provider.intents) >= INTENTS_MOST:
            return False

        async def early(id_: str) -> None:
            if about % 2 and id_ in self._provider.intents:
                if self._provider.intents[id_].status not in _OVER:
                    self._provider.pays(id_)
                for _ in range(self._times()):
                    await hook(house, -1)

        provider_of(house).early = early
        body = {"venue_id": VENUE, "tender": "card", "amount_minor": 500 + about % 3_000}
        transaction_id, intent = await begin(patron, body)
        self.transactions[intent["provider_payment_id"]] = transaction_id
        return True

    def _intent(self, about: int, *, over: bool = False) -> Intent | None:
        found = [one for one in self._provider.intents.values() if over or one.status not in _OVER]
        return found[about % len(found)] if found else None

    async def _pay(self, house: LastLight, about: int, *_: Someone) -> bool:
        if (intent := self._intent(about)) is None:
            return False
        self._provider.pays(intent.id)
        return True

    async def _decline(self, house: LastLight, about: int, *_: Someone) -> bool:
        if (intent := self._intent(about)) is None:
            return False
        self._provider.declines(intent.id)
        return True

    async def _prove(self, house: LastLight, about: int, *_: Someone) -> bool:
        if (intent := self._intent(about)) is None:
            return False
        self._provider.asks_to_prove(intent.id)
        return True

    async def _work(self, house: LastLight, about: int, *_: Someone) -> bool:
        if (intent := self._intent(about)) is None:
            return False
        self._provider.works_on(intent.id)
        return True

    async def _deliver(self, house: LastLight, about: int, *_: Someone) -> bool:
        events = self._provider.events
        if not events:
            return False
        await hook(house, about % len(events), times=self._times())
        return True

    async def _cancel(self, house: LastLight, about: int, patron: Someone, owner: Someone) -> bool:
        if (intent := self._intent(about)) is None:
            return False
        path = f"/api/payments/intents/{intent.ask.payment_id}/cancel"
        return (await patron.send("POST", path, {})).status == 200

    async def _refund(self, house: LastLight, about: int, patron: Someone, owner: Someone) -> bool:
        intent = self._intent(about, over=True)
        if intent is None or intent.id not in self.transactions:
            return False
        self._provider.refunds_wait = bool(about % 2)
        path = f"/api/transactions/{self.transactions[intent.id]}/refund"
        body = {"reason_code": "unused_credit", "amount_minor": 100 + about % 400}
        asked = await patron.send("POST", path, body)
        if asked.status != 202:
            return False
        decision = f"/api/transactions/refunds/{asked.body['refund_id']}/decision"
        return (await owner.send("POST", decision, {"decision": "approve"})).status == 200

    async def _end_refund(self, house: LastLight, about: int, *_: Someone) -> bool:
        waiting = [id_ for id_, one in self._provider.refunds.items() if one["status"] == "pending"]
        if not waiting:
            return False
        id_ = waiting[about % len(waiting)]
        if about % 3:
            self._provider.settles_refund(id_)
        else:
            self._provider.fails_refund(id_)
        return True

    async def _dispute(self, house: LastLight, about: int, *_: Someone) -> bool:
        paid = [one for one in self._provider.intents.values() if one.status == "succeeded"]
        if not paid:
            return False
        intent = paid[about % len(paid)]
        self._provider.disputes(intent.id, ("needs_response", "won", "lost")[about % 3])
        return True

    async def _wait(self, house: LastLight, about: int, patron: Someone, owner: Someone) -> bool:
        await trio.sleep(about % 600)
        # Or their tokens would end in the middle of a long plan.
        await patron.refresh()
        await owner.refresh()
        await elevated(owner)
        return True

    async def _judge(self, house: LastLight) -> None:
        """Credited once, never back, books in balance, and the provider's books are ours."""
        await all_is_well(house)
        self._judge_credit()
        self._judge_states()
        waiting = [
            event.event_id
            for event in self.world.database.table(StripeEvent).values()
            if event.next_try_at is not None
        ]
        assert waiting == []
        now = self.world.clock.now()
        day = TradingDay(
            venue_id=UUID(VENUE),
            business_day=now.date(),
            starts_at=now - timedelta(days=2),
            ends_at=now + timedelta(hours=1),
        )
        assert await house.cards.reconciler.reconcile_day(day) == ()

    def _judge_credit(self) -> None:
        posted = Counter(
            row.payment_id
            for row in self.world.database.table(Transaction).values()
            if row.kind is TransactionKind.TOPUP
            and row.payment_id is not None
            and row.status is TransactionStatus.POSTED
        )
        paid = {
            intent.ask.payment_id: 1
            for intent in self._provider.intents.values()
            if intent.status == "succeeded"
        }
        assert posted == paid

    def _judge_states(self) -> None:
        ranks: dict[str, int] = {}
        for event in self.world.publisher.events:
            if event.type == "payment.status_changed":
                rank = PAYMENT_RANK[PaymentStatus(event.data["to"])]
                key = str(event.data["payment_id"])
                assert rank >= ranks.get(key, 0), (key, event.data)
                ranks[key] = rank
