"""Looks whether a server did what it answered: a fast one that lies makes the run fail, not win.

Before a load each server is tried with single requests; after each load what its store gained is
held against what clients were promised, and some of the answers are read.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import attrs
import httpx

from bench.load import Told
from bench.peer import Peer, Stored
from bench.plans import Call, check_ins, own_sessions, purchases
from bench.town import PRICE_MINOR, Town

SETTLE_S: Final = 120.0
_READ: Final = 200
_WRITTEN: Final = 201


class Dishonest(Exception):
    """A server answered what is not so. Its figures are worth nothing, so there are none."""


@attrs.frozen
class Auditor:
    """Holds one server to its word."""

    peer: Peer
    town: Town

    def demand_good(self, told: Told) -> None:
        """Demand that all was answered well; otherwise some of what was said is told."""
        wrong = [text[:300] for status, text in told.samples if status >= 300]
        self.demand(
            told.bad == 0,
            f"{told.bad} answers were bad or never came ({told.statuses}): {wrong[:3]}",
        )

    def demand(self, held: bool, complaint: str) -> None:
        """Raise if something does not hold.

        Raises:
            Dishonest: naming the server and the complaint.
        """
        if not held:
            raise Dishonest(f"{self.peer.name}: {complaint}")

    def before(self) -> Stored:
        """What is stored before a load, once all earlier answers are."""
        self.peer.settle(SETTLE_S)
        return self.peer.stored()

    def after(
        self,
        before: Stored,
        *told: Told,
        sessions: Collection[str] = (),
        settle_s: float = SETTLE_S,
    ) -> float:
        """Hold what was stored since `before` against what clients were told in all loads since.

        Args:
            sessions: what reads may have asked for.
            settle_s: what the store may take until it has caught up.

        Returns:
            Seconds by which the store was behind at the end of the load.

        Raises:
            Dishonest: it does not fit.
        """
        lag_s = self.peer.settle(settle_s)
        gained = self.peer.stored().since(before)
        for one in told:
            self.demand_good(one)
        promised, stored = sum(one.good_writes for one in told), gained.sessions + gained.purchases
        asked = sum(one.sent_writes for one in told)
        self.demand(
            promised <= stored,
            f"{promised} were told that it is done, and {stored} of it are stored",
        )
        self.demand(stored <= asked, f"{stored} are stored of {asked} that were asked for")
        self._fits(gained)
        self._answers([sample for one in told for sample in one.samples], sessions)
        return lag_s

    def _fits(self, gained: Stored) -> None:
        demand, spent = self.demand, gained.purchases * PRICE_MINOR
        demand(
            (gained.check_in_keys, gained.purchase_keys) == (gained.sessions, gained.purchases),
            f"rows and keys differ, so something is double or can't be asked again: {gained}",
        )
        demand(gained.journals == gained.purchases, f"the books lack purchases: {gained}")
        fell = -(spent + gained.charged_minor)
        demand(gained.wallets_minor == fell, f"wallets fell by what was not spent: {gained}")
        demand(gained.unbalanced == 0, f"journals are without lines or not balanced: {gained}")
        demand(gained.spent_minor == spent, f"purchases have another price: {gained}")

    def _answers(self, samples: Iterable[tuple[int, str]], sessions: Collection[str]) -> None:
        seen: set[str] = set()
        for status, text in samples:
            try:
                id_ = sample_id(status, json.loads(text))
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise Dishonest(f"{self.peer.name}: {error!r} in {text[:300]}") from error
            if status == _WRITTEN:
                self.demand(id_ not in seen, f"two answers have the same id: {text[:300]}")
                seen.add(id_)
            elif sessions and "segments" in text:
                self.demand(id_ in sessions, f"it showed what was not asked for: {text[:300]}")

    def probe(self, n: int, stranger_n: int) -> None:
        """Try everything once with the n-th patron, who is not in: right, again and wrong.

        Raises:
            Dishonest: an answer is not what it must be.
        """
        before = self.before()
        with httpx.Client(base_url=self.peer.base_url, timeout=30) as client:
            ask = _Asker(client, self)
            entry = check_ins(self.town, [n]).calls[0]
            order = purchases(self.town, [n]).calls[0]
            visit = ask.twice(entry, {"party_size": 2})
            ask.twice(order, {"lines": [{**order.body["lines"][0], "qty": 2}]})  # type: ignore[index]
            session = str(visit["session_id"])
            read = own_sessions(self.town, {n: session}).calls[0]
            told = ask.once(read, wanted=_READ)
            self.demand(told["session_id"] == session, f"read {told} instead of {session}")
            ask.refused(entry, 409, "a second visit at the same time")
            ask.refused(
                attrs.evolve(read, token=f"{read.token[:-8]}AAAAAAAA"), 401, "a forged token"
            )
            stranger = self.town.token(stranger_n)
            ask.refused(attrs.evolve(read, token=stranger), (403, 404), "a stranger's look")
            ask.refused(attrs.evolve(order, keyed=False), (400, 422, 428), "an order without a key")
            lines = [{**order.body["lines"][0], "qty": 99}] * 20  # type: ignore[index]
            ask.refused(_with(order, lines=lines), (402, 409, 422), "an order nobody can pay")
        self.peer.settle(SETTLE_S)
        gained = self.peer.stored().since(before)
        self.demand(
            (gained.sessions, gained.purchases) == (1, 1),
            f"one visit and one purchase came to {gained}",
        )
        self._fits(gained)


def sample_id(status: int, answer: Mapping[str, Any]) -> str:
    """The id in a good answer, whose members are looked at by the way.

    Raises:
        KeyError, ValueError, TypeError, IndexError: a member is missing or wrong.
    """
    if "transaction_id" in answer:
        right = (
            status == _WRITTEN
            and answer["status"] == "posted"
            and answer["total_minor"] == PRICE_MINOR
            and answer["lines"][0]["qty"] == 1
            and answer["balance"]["available_minor"] >= 0
        )
    elif "segments" in answer:
        right = (
            status == _READ
            and answer["status"] == "active"
            and answer["segments"][0]["rate_minor_per_h"] > 0
            and answer["holds"][0]["amount_minor"] > 0
        )
    elif status == _WRITTEN:
        right = (
            answer["status"] == "active" and answer["held_minor"] > 0 and bool(answer["user_id"])
        )
    else:
        return ""
    if not right:
        raise ValueError("a member is not what it must be")
    return str(answer["transaction_id"] if "transaction_id" in answer else answer["session_id"])


def _with(call: Call, **changes: Any) -> Call:
    return attrs.evolve(call, body={**(call.body or {}), **changes})


@attrs.frozen
class _Asker:
    """Asks one thing at a time."""

    client: httpx.Client
    auditor: Auditor

    def send(self, call: Call, key: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {call.token}"}
        if call.keyed:
            headers["idempotency-key"] = key
        return self.client.request(call.method, call.path, json=call.body, headers=headers)

    def once(self, call: Call, *, wanted: int, key: str = "") -> dict[str, Any]:
        answer = self.send(call, key or secrets.token_hex(12))
        self.auditor.demand(
            answer.status_code == wanted,
            f"{call.method} {call.path} gave {answer.status_code} {answer.text[:300]}",
        )
        told: dict[str, Any] = answer.json()
        sample_id(answer.status_code, told)
        return told

    def twice(self, call: Call, otherwise: Mapping[str, Any]) -> dict[str, Any]:
        """The same answer to the same key; none to the same key with another body."""
        key = secrets.token_hex(12)
        first = self.once(call, wanted=_WRITTEN, key=key)
        again = self.once(call, wanted=_WRITTEN, key=key)
        self.auditor.demand(first == again, f"a key that came again got {again}, not {first}")
        answer = self.send(_with(call, **otherwise), key)
        self.auditor.demand(
            400 <= answer.status_code < 500,
            f"a key with another body gave {answer.status_code} {answer.text[:300]}",
        )
        return first

    def refused(self, call: Call, wanted: int | tuple[int, ...], what: str) -> None:
        answer = self.send(call, secrets.token_hex(12))
        statuses = (wanted,) if isinstance(wanted, int) else wanted
        self.auditor.demand(
            answer.status_code in statuses,
            f"{what} gave {answer.status_code} {answer.text[:300]}",
        )
