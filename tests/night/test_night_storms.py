"""Webhook storms in memory (Rule 11): any order, any number of times, over crashes."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from typing import Any, Final

import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.night.stage import Stage
from tests.night.storm import Storm
from tests.twins.nodes import World
from tests.twins.provider_entries import Intent
from tests.twins.whole import copy_of

LONG: Final = bool(os.environ.get("TEST_LASTLIGHT_LONG"))
STORMS: Final = 300 if LONG else 8
STEPS: Final = 60 if LONG else 25
LONG_TIMEOUT_S: Final = 2 * 3600
INTENTS_MOST: Final = 6
TIMES: Final = st.integers(1, 5)
SOME: Final = st.integers(0, 2**16)
"""Chooses one of what there is."""


class StormMachine(RuleBasedStateMachine):
    """Cards, their bank, a network that repeats and reorders, and a node that dies."""

    def __init__(self, world: World, met: Counter[str]) -> None:
        super().__init__()
        self.met = met
        self.quiet_at = 0
        self.stage = Stage()
        self.storm = Storm(copy_of(world), self.stage.kept)

    def _do(self, what: str, piece: Any, *args: Any, **more: Any) -> None:
        self.stage.play(partial(piece, *args, **more))
        self.met[what] += 1

    def _open(self, about: int) -> Intent:
        found = self.storm.intents(over=False)
        return found[about % len(found)]

    @property
    def _paid(self) -> list[Intent]:
        return [one for one in self.storm.intents(over=True) if one.status == "succeeded"]

    @property
    def _new(self) -> list[int]:
        known = self.storm.delivered
        return [n for n in range(len(self.storm.provider.events)) if n not in known]

    def _refunds(self, status: str) -> list[str]:
        refunds = self.storm.provider.refunds
        return [id_ for id_, one in refunds.items() if one["status"] == status]

    @initialize()
    def open_the_house(self) -> None:
        self._do("begin", self.storm.begin)

    @rule(amount=st.integers(500, 3_500), early=st.integers(0, 3))
    @precondition(lambda self: len(self.storm.provider.intents) < INTENTS_MOST)
    def start_a_top_up(self, amount: int, early: int) -> None:
        what = "told early" if early else "top-up"
        self._do(what, self.storm.top_up, amount, told_early=early)

    @rule(about=SOME)
    @precondition(lambda self: self.storm.intents(over=False))
    def the_card_pays(self, about: int) -> None:
        self.storm.provider.pays(self._open(about).id)
        self.met["pays"] += 1

    @rule(about=SOME, way=st.sampled_from(["declines", "asks_to_prove", "works_on"]))
    @precondition(lambda self: self.storm.intents(over=False))
    def the_card_does_not_pay_yet(self, about: int, way: str) -> None:
        getattr(self.storm.provider, way)(self._open(about).id)
        self.met[way] += 1

    @rule(about=SOME, times=TIMES)
    @precondition(lambda self: self._new)
    def an_event_is_delivered(self, about: int, times: int) -> None:
        new = self._new
        self._do("delivered", self.storm.deliver, new[about % len(new)], times=times)

    @rule(about=SOME, times=TIMES)
    @precondition(lambda self: self.storm.delivered)
    def an_event_is_delivered_again(self, about: int, times: int) -> None:
        known = sorted(self.storm.delivered)
        self._do("delivered again", self.storm.deliver, known[about % len(known)], times=times)

    @rule(about=SOME, hours=st.integers(1, 30 if LONG else 3))
    @precondition(lambda self: self._new)
    def an_event_is_delivered_late(self, about: int, hours: int) -> None:
        n = self._new[about % len(self._new)]
        self._do("late", self.storm.wait, hours * 3_600.0)
        self._do("delivered late", self.storm.deliver, n)

    @rule()
    @precondition(lambda self: self.storm.intents(over=False))
    def what_hangs_is_polled(self) -> None:
        self._do("polled", self.storm.wait, 16 * 60.0)

    @rule(about=SOME)
    @precondition(lambda self: self.storm.intents(over=False))
    def they_cancel(self, about: int) -> None:
        self._do("cancelled", self.storm.cancel, self._open(about))

    @rule(about=SOME, amount=st.integers(100, 500), waits=st.booleans())
    @precondition(lambda self: self._paid)
    def they_want_it_back(self, about: int, amount: int, waits: bool) -> None:
        self.storm.provider.refunds_wait = waits
        self._do("refund", self.storm.refund, self._paid[about % len(self._paid)], amount)

    @rule(about=SOME, taken=st.booleans())
    @precondition(lambda self: self._refunds("pending"))
    def a_refund_ends(self, about: int, taken: bool) -> None:
        waiting, provider = self._refunds("pending"), self.storm.provider
        id_ = waiting[about % len(waiting)]
        (provider.settles_refund if taken else provider.fails_refund)(id_)
        self.met["refund taken" if taken else "refund failed"] += 1

    @rule(about=SOME)
    @precondition(lambda self: self._refunds("succeeded"))
    def a_bank_sends_a_refund_back(self, about: int) -> None:
        done = self._refunds("succeeded")
        self.storm.provider.fails_refund(done[about % len(done)])
        self.met["refund back"] += 1

    @rule(about=SOME, status=st.sampled_from(["needs_response", "won", "lost"]))
    @precondition(lambda self: self._paid)
    def the_owner_of_the_card_disputes(self, about: int, status: str) -> None:
        self.storm.provider.disputes(self._paid[about % len(self._paid)].id, status)
        self.met["disputed"] += 1

    @rule(after=st.booleans())
    def a_commit_will_be_lost(self, after: bool) -> None:
        self.storm.lose_commit(after=after)
        self.met["lost commit"] += 1

    @rule()
    def the_node_dies(self) -> None:
        self._do("crash", self.storm.begin)

    @rule(times=TIMES)
    @precondition(lambda self: len(self.storm.provider.events) > self.quiet_at + 3)
    def all_is_quiet_for_a_while(self, times: int) -> None:
        self.quiet_at = len(self.storm.provider.events)
        self._do("quiet", self.storm.calm_down, times=times)

    @invariant()
    def nothing_is_credited_twice_and_nothing_goes_back(self) -> None:
        self.storm.look()

    def teardown(self) -> None:
        """The last word on a storm; one that failed has had it."""
        if not self.stage.broken:
            self.stage.play(partial(self.storm.calm_down, times=1))
        self.stage.close()


KINDS: Final = {
    "begin", "top-up", "told early", "pays", "declines", "asks_to_prove", "works_on", "delivered",
    "delivered again", "late", "delivered late", "polled", "cancelled", "refund", "refund taken",
    "refund failed", "refund back", "disputed", "lost commit", "crash", "quiet",
}  # fmt: skip


@pytest.mark.timeout(LONG_TIMEOUT_S if LONG else 300)
def test_whatever_order_events_come_in_money_comes_once(
    founded_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event 1 to 5 times, shuffled, before the answer, hours late and after a crash.

    The wallet is credited once, no state goes back, the ledger balances, and whenever it is quiet
    the provider's books are ours. Of many storms, some have to have met everything.
    """
    monkeypatch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
    met: Counter[str] = Counter()

    class HereAndNow(StormMachine):
        def __init__(self) -> None:
            super().__init__(founded_world, met)

    run_state_machine_as_test(
        HereAndNow,
        settings=settings(
            max_examples=STORMS,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {*met} == KINDS or not LONG


def test_a_storm_of_everything_at_once(founded_world: World) -> None:
    """What never happens shows nothing, so here each thing does; with the same promises."""
    met: Counter[str] = Counter()
    storm = StormMachine(founded_world, met)
    storm.open_the_house()
    for amount, early in ((1_000, 0), (1_100, 2), (1_200, 0), (1_300, 0), (1_400, 0)):
        storm.start_a_top_up(amount, early)
    for way in ("declines", "asks_to_prove", "works_on"):
        storm.the_card_does_not_pay_yet(0, way)
    storm.a_commit_will_be_lost(after=True)
    storm.an_event_is_delivered(1, 3)
    storm.what_hangs_is_polled()
    storm.the_card_pays(0)
    storm.they_cancel(1)
    storm.the_node_dies()
    storm.an_event_is_delivered_late(0, 2)
    storm.an_event_is_delivered_again(0, 5)
    for waits in (True, True, False):
        storm.they_want_it_back(0, 200, waits)
        storm.what_hangs_is_polled()
    for taken in (True, False):
        storm.a_refund_ends(0, taken)
    storm.all_is_quiet_for_a_while(2)
    storm.a_bank_sends_a_refund_back(0)
    storm.the_owner_of_the_card_disputes(1, "needs_response")
    storm.nothing_is_credited_twice_and_nothing_goes_back()
    storm.teardown()
    assert {*met} == KINDS
