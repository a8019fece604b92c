"""What questions about a burst have in common: rates by turns, and ratios to each peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bench.contest import Contest, Party
from bench.figures import Goal, Row, ratios, spread
from bench.load import Told


def rates_of(told: Mapping[str, Sequence[Told]]) -> dict[str, list[float]]:
    """Answers a second of each round, by party."""
    return {name: [one.per_second for one in rounds] for name, rounds in told.items()}


def rows_beside(
    contest: Contest, what: str, rates: Mapping[str, Sequence[float]], goals: Mapping[str, Goal]
) -> list[Row]:
    """Everybody's rate, and ours by each peer's; goals by the beginning of a peer's name."""
    rows = [spread(f"{what}, {name}", values, "per second") for name, values in rates.items()]
    ours = rates[contest.ours.name]
    for party in contest.parties[1:]:
        goal = next((g for word, g in goals.items() if party.name.startswith(word)), None)
        rows.append(ratios(f"{what}, against {party.name}", ours, rates[party.name], goal))
    return rows


def curves_of(told: Mapping[str, Sequence[Told]]) -> dict[str, Sequence[tuple[float, float]]]:
    """The latency curve of each party's median round."""
    return {
        name: sorted(rounds, key=lambda one: one.per_second)[len(rounds) // 2].curve
        for name, rounds in told.items()
    }


def worst_client(told: Mapping[str, Sequence[Told]]) -> str:
    """A note on the core that clients took: near 1 it is they who were measured."""
    most = max(one.cpu for rounds in told.values() for one in rounds)
    return f"clients used at most {most:.2f} of a core"


def warmed(contest: Contest, load: Callable[[Party], Told]) -> dict[str, list[Told]]:
    """One unmeasured round; its answers are audited all the same."""
    return {party.name: [load(party)] for party in contest.parties}
