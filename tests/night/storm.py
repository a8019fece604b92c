"""A storm of webhooks on a whole node: cards do what they like, and every event comes whenever.

What happens is chosen by whoever plays; here is how each thing is done, and what must hold after
it. A commit may be lost in the middle of anything, so every request is insisted on.
"""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import attrs
import trio

from actors.rules.lifecycle import PAYMENT_RANK
from lastlight.demo.founding import DEMO_PASSWORD
from protocol.addresses import Position
from protocol.records.money import Transaction
from protocol.records.money_states import PaymentStatus, TransactionKind, TransactionStatus
from protocol.records.payments import StripeEvent
from storage.postgres.reconciling import TradingDay
from tests.night.books import assert_books_balance
from tests.night.cards import all_is_well, hook
from tests.night.test_night_lost_commits import insist
from tests.night.test_night_visits import settled
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import World
from tests.twins.people import VENUE, Heard, Someone, ask
from tests.twins.provider import MemoryProvider
from tests.twins.provider_entries import Intent
from tests.twins.whole import LastLight, open_memory_last_light

OVER: Final = frozenset({"succeeded", "canceled"})
QUIET_S: Final = 70 * 60
"""After it every retry of what waits has come: they come at least once an hour."""


@attrs.define(eq=False)
class Storm:
    """One storm in one world, over as many nodes as there are crashes. `kept` holds the node."""

    world: World
    kept: AsyncExitStack
    transactions: dict[str, str] = attrs.field(factory=dict)
    """By the provider's name of the payment."""
    delivered: set[int] = attrs.field(factory=set)
    """Places in the provider's list of the events that came at least once."""
    faults: JournalFaults = attrs.field(factory=JournalFaults)
    _house: LastLight | None = None
    _patron: Someone | None = None
    _owner: Someone | None = None
    _looked_at: int = 0
    _balanced_at: Position | None = None
    _ranks: dict[str, int] = attrs.field(factory=dict)

    @property
    def provider(self) -> MemoryProvider:
        """Whose cards these are."""
        return self.world.provider

    @property
    def house(self) -> LastLight:
        """The node that lives now."""
        assert self._house is not None
        return self._house

    @property
    def _guest(self) -> Someone:
        assert self._patron is not None
        return self._patron

    @property
    def _boss(self) -> Someone:
        assert self._owner is not None
        return self._owner

    def intents(self, *, over: bool) -> list[Intent]:
        """Payments that are over, or not; only those that the house knows of."""
        known = [one for one in self.provider.intents.values() if one.id in self.transactions]
        return [one for one in known if (one.status in OVER) is over]

    # The node

    async def begin(self) -> None:
        """A node, and people at it; the one before is gone as by a power cut."""
        await self.kept.aclose()
        self.faults = JournalFaults()
        node = open_memory_last_light(self.world, hooks=self.faults)
        self._house = await self.kept.enter_async_context(node)
        await self.sign_in()

    async def sign_in(self) -> None:
        """Fresh tokens: they end after a quarter of an hour."""
        self._patron, self._owner = await self._signed_in("patron1"), await self._signed_in("owner")
        owner = self._owner
        body = {"password": DEMO_PASSWORD}
        heard = await insist(lambda: owner.send("POST", "/api/auth/step-up", body))
        assert heard.status == 200, heard
        owner.token = heard.body["access_token"]

    async def _signed_in(self, name: str) -> Someone:
        body = {"email": f"{name}@lastlight.example", "password": DEMO_PASSWORD}
        heard = await insist(partial(ask, self.house, "POST", "/api/auth/login", body))
        assert heard.status == 200, heard
        return Someone(
            house=self.house,
            name=name,
            user_id=heard.body["user"]["user_id"],
            token=heard.body["access_token"],
            refresh_token=heard.body["refresh_token"],
        )

    def lose_commit(self, *, after: bool) -> None:
        """The next commit fails: before it is written, or after, and nobody is told."""
        if after:
            self.faults.after = planted()
        else:
            self.faults.before = planted()

    async def wait(self, seconds: float) -> None:
        """Time passes: payments that hang are polled, what nobody paid is voided."""
        await trio.sleep(seconds)
        await self.sign_in()

    # What people do

    async def _ask(self, who: Someone, path: str, body: object) -> Heard:
        key = str(uuid4())
        return await insist(lambda: who.send("POST", path, body, key=key))

    async def top_up(self, amount_minor: int, *, told_early: int) -> None:
        """By card; paid and told of so many times before it is answered, if any."""

        async def early(id_: str) -> None:
            if id_ not in self.provider.intents:
                return
            if self.provider.intents[id_].status not in OVER:
                self.provider.pays(id_)
            for _ in range(told_early):
                await self.deliver(len(self.provider.events) - 1)

        self.provider.early = early if told_early else None
        body = {"venue_id": VENUE, "tender": "card", "amount_minor": amount_minor}
        opened = await self._ask(self._guest, "/api/transactions/topup", body)
        if opened.status == 202:
            about = {"transaction_id": opened.body["transaction_id"]}
            begun = await self._ask(self._guest, "/api/payments/intents", about)
            assert begun.status == 201, begun
            name = begun.body["provider_payment_id"]
            self.transactions[name] = opened.body["transaction_id"]
        else:
            # A lost chargeback is owed, or their own day's limit is reached.
            assert opened.status in (403, 409, 422), opened
        self.provider.early = None

    async def cancel(self, intent: Intent) -> None:
        """They think better of it; it may have come after all."""
        path = f"/api/payments/intents/{intent.ask.payment_id}/cancel"
        heard = await self._ask(self._guest, path, {})
        assert heard.status in (200, 409), heard

    async def refund(self, intent: Intent, amount_minor: int) -> None:
        """Asked for by the guest and given by the owner, if there is anything to give."""
        path = f"/api/transactions/{self.transactions[intent.id]}/refund"
        body = {"reason_code": "unused_credit", "amount_minor": amount_minor}
        asked = await self._ask(self._guest, path, body)
        if asked.status != 202:
            assert asked.status in (403, 404, 409, 422), asked
            return
        decision = f"/api/transactions/refunds/{asked.body['refund_id']}/decision"
        heard = await self._ask(self._boss, decision, {"decision": "approve"})
        assert heard.status in (200, 409), heard

    # What comes

    async def deliver(self, n: int, *, times: int = 1) -> None:
        """One of the provider's events, some times."""
        self.delivered.add(n)
        await hook(self.house, n, times=times)

    # What must hold

    def look(self) -> None:
        """At any moment: nothing is credited twice, no state goes back, the books balance."""
        credited = self._credited()
        assert all(count == 1 for count in credited.values()), credited
        events = self.world.publisher.events
        for event in events[self._looked_at :]:
            if event.type == "payment.status_changed":
                rank = PAYMENT_RANK[PaymentStatus(event.data["to"])]
                key = str(event.data["payment_id"])
                assert rank >= self._ranks.get(key, 0), (key, event.data)
                self._ranks[key] = rank
        self._looked_at = len(events)
        if self._balanced_at != (flushed := self.house.write_behind.flushed):
            assert_books_balance(self.world)
            self._balanced_at = flushed

    async def calm_down(self, *, times: int) -> None:
        """Every event comes once more; then all that came is credited, and books are the same."""
        for n in range(len(self.provider.events)):
            await self.deliver(n, times=times)
        await self.wait(QUIET_S)
        await settled(self.house)
        await all_is_well(self.house)
        paid = {one.ask.payment_id for one in self.intents(over=True) if one.status == "succeeded"}
        assert {*self._credited()} == paid
        waiting = [
            event.event_id
            for event in self.world.database.table(StripeEvent).values()
            if event.next_try_at is not None
        ]
        assert waiting == []
        await self._compare_books()

    async def _compare_books(self) -> None:
        now = self.world.clock.now()
        day = TradingDay(
            venue_id=UUID(VENUE),
            business_day=now.date(),
            starts_at=now - timedelta(days=20),
            ends_at=now + timedelta(hours=1),
        )
        assert await self.house.cards.reconciler.reconcile_day(day) == ()

    def _credited(self) -> Counter[Any]:
        return Counter(
            row.payment_id
            for row in self.world.database.table(Transaction).values()
            if row.kind is TransactionKind.TOPUP
            and row.payment_id is not None
            and row.status is TransactionStatus.POSTED
        )
