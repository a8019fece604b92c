"""What clients ask, written down once, so that wrk and the client at a rate ask the same.

A plan is a list of calls that clients go through in turn. With `once` nobody asks twice and the
load ends with the list, as for check-ins; without it the list is begun again. Each call that takes
an idempotency key gets a fresh one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from bench.town import Town


@attrs.frozen(kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    token: str
    body: Mapping[str, Any] | None = None
    keyed: bool = False

    def line(self) -> str:
        """The call in a plan's file; no part of it can hold a tab."""
        body = "" if self.body is None else json.dumps(self.body, separators=(",", ":"))
        return "\t".join((self.method, self.path, self.token, "1" if self.keyed else "0", body))


@attrs.frozen(kw_only=True)
class Plan:
    """Calls in their order."""

    calls: Sequence[Call]
    once: bool = False
    tag: str = attrs.field(factory=lambda: secrets.token_hex(6))
    """Begins all keys of this plan."""

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The plan as a file, one line a call, while it is needed."""
        with TemporaryDirectory(prefix="lastlight-bench-plan-") as folder:
            path = Path(folder) / "plan.tsv"
            path.write_text("".join(call.line() + "\n" for call in self.calls))
            yield path


def check_ins(town: Town, patrons: Iterable[int], *, venue_n: int | None = None) -> Plan:
    """Each of them comes in once: at home, or all of them at one venue."""
    doors: dict[int, dict[str, Any]] = {}
    calls = []
    for n in patrons:
        venue = venue_n or town.home_of(n)
        body = doors.get(venue) or doors.setdefault(venue, town.check_in(venue))
        calls.append(_post("/api/sessions/checkin", town.token(n), body))
    return Plan(calls=calls, once=True)


def purchases(town: Town, patrons: Iterable[int], *, venue_n: int | None = None) -> Plan:
    """Each of them in turn buys one of the cheapest thing, at home or all at one venue."""
    path = "/api/transactions/purchase"
    return Plan(
        calls=[_post(path, town.token(n), town.order(venue_n or town.home_of(n))) for n in patrons]
    )


def own_sessions(town: Town, sessions: Mapping[int, str]) -> Plan:
    """Each of them in turn reads their own open session; `sessions` has them by patron."""
    return Plan(
        calls=[
            Call(method="GET", path=f"/api/sessions/{session}", token=town.token(n))
            for n, session in sessions.items()
        ]
    )


def interleaved(*plans: Plan, once: bool) -> Plan:
    """One call of each in turn, until the shortest ends if it may be asked but `once`.

    Raises:
        ValueError: a plan has no calls.
    """
    if not all(plan.calls for plan in plans):
        raise ValueError("a plan without calls can't be interleaved")
    length = min(len(p.calls) for p in plans if p.once or not once)
    calls = [p.calls[n % len(p.calls)] for n in range(length) for p in plans]
    return Plan(calls=calls, once=once)


def _post(path: str, token: str, body: Mapping[str, Any]) -> Call:
    return Call(method="POST", path=path, token=token, body=body, keyed=True)
