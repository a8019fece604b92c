"""A night as it is: how much of everything, and how long does it take at half of that?

Of twenty requests eight read the own session, six buy, two tell where the patron is, two change
what they do, one comes in and one goes out. Our node alone: peers do not have all of these routes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import Final

from bench.contest import Party
from bench.figures import Result, Row, at_most, spread
from bench.kit import progress
from bench.load import Told, at_a_rate, closed
from bench.plans import Call, Plan, check_ins, own_sessions, purchases
from bench.suite import Question, Suite
from bench.town import HERE

_TWENTY: Final = "rprlrparpcrprlrparpo"
ROUNDS: Final = 2
P99_MS: Final = 25
_CHANGES: Final = ("lounge", "table")


def night(party: Party, count: int) -> Plan:
    """So many calls, each of which can be made once; lets those in who will go out."""
    town, visits = party.town, party.sessions
    per_kind = {kind: -(-count // 20) * _TWENTY.count(kind) for kind in "rplaco"}
    leaving = party.let_in(per_kind["o"])
    arriving = party.take(per_kind["c"])
    party.make_resident(arriving)
    buyers = list(visits)
    fix = {**HERE, "fix_at": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"}
    pools = {
        "r": own_sessions(town, visits).calls,
        "p": purchases(town, buyers).calls,
        "l": [_to_visit(party, n, "location", {"fixes": [fix]}) for n in buyers],
        "a": [
            _to_visit(party, n, "activity", {"activity": name}) for name in _CHANGES for n in buyers
        ],
        "c": check_ins(town, arriving).calls,
        "o": [
            Call(
                method="POST", path=f"/api/sessions/{visit}/checkout", token=town.token(n),
                body={}, keyed=False,
            )
            for n, visit in leaving.items()
        ],
    }  # fmt: skip
    # Kinds walk through the patrons apart from one another: nobody does two things at a time.
    at = {kind: number * 37 for number, kind in enumerate(pools)}
    at["c"] = at["o"] = 0
    calls = []
    for n in range(count // 20 * 20):
        kind = _TWENTY[n % 20]
        calls.append(pools[kind][at[kind] % len(pools[kind])])
        at[kind] += 1
    return Plan(calls=calls, once=True)


def _to_visit(party: Party, n: int, what: str, body: dict[str, object]) -> Call:
    path = f"/api/sessions/{party.sessions[n]}/{what}"
    return Call(method="POST", path=path, token=party.town.token(n), body=body)


def _burst(party: Party, rate: float, seconds: float, *, paced: bool) -> Told:
    plan = night(party, int(rate * seconds * (1 if paced else 2)))
    before = party.auditor.before()
    url = party.peer.base_url
    if paced:
        told = at_a_rate(url, plan, rate=rate, seconds=seconds)
    else:
        told = closed(url, plan, seconds=seconds)
    party.auditor.after(before, told)
    progress(f"{told.per_second:.0f}/s, p99 {told.at(99):.1f} ms")
    return told


def answer(suite: Suite) -> Result:
    """As much as goes, then half of it."""
    party, scale = suite.contest().ours, suite.scale
    guess = party.rates.get("purchase", 200.0)
    most = [_burst(party, guess, scale.read_s, paced=False) for _ in range(ROUNDS)]
    half = median(told.per_second for told in most) / 2
    paced = [_burst(party, half, scale.rate_s, paced=True) for _ in range(ROUNDS)]
    rows = (
        spread("mixed night", [told.per_second for told in most], "per second"),
        Row(what="mixed night at a rate", figure=half, unit="per second"),
        spread("p99 then", [told.at(99) for told in paced], "ms", at_most(P99_MS, "ms")),
        spread("p50 then", [told.at(50) for told in paced], "ms"),
    )
    late = max(told.late_ms or 0.0 for told in paced)
    return Result(
        question=QUESTION.name, asks=QUESTION.asks, rows=rows,
        curves={"closed loop": most[-1].curve, "at half": paced[-1].curve},
        notes=(f"the client itself was late by {late:.1f} ms at most (p99)",),
    )  # fmt: skip


QUESTION = Question(
    name="mixed_night", asks="A mixed night", answer=answer, with_peers=True, seconds=45
)
