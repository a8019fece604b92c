"""A PNG for each question: rates with their spread, latency by percentile, what should be flat."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from bench.figures import Result

_COLOURS: Final = ("#1b6ca8", "#d1495b", "#edae49", "#66a182", "#6d597a", "#8d99ae")
_LAST_PERCENTILE: Final = 99.99


def plot(result: Result, folder: Path) -> Path | None:
    """Draw what a result has to show; None where that is nothing."""
    drawers: list[Callable[[Any, Result], None]] = []
    if result.bars:
        drawers.append(_draw_bars)
    if result.curves:
        drawers.append(_draw_curves)
    if result.lines:
        drawers.append(_draw_lines)
    if not drawers:
        return None
    figure = Figure(figsize=(6.4 * len(drawers), 4.4), layout="constrained")
    for number, draw in enumerate(drawers, 1):
        axes = figure.add_subplot(1, len(drawers), number)
        draw(axes, result)
        axes.grid(visible=True, alpha=0.3)
    figure.suptitle(result.asks)
    path = folder / f"{result.question}.png"
    figure.savefig(path, dpi=120)
    return path


def _draw_bars(axes: Any, result: Result) -> None:
    """Medians, with the range of the rounds."""
    for place, (name, values) in enumerate(result.bars.items()):
        middle = statistics.median(values)
        reach = [[middle - min(values)], [max(values) - middle]]
        colour = _COLOURS[place % len(_COLOURS)]
        axes.bar([place], [middle], yerr=reach, capsize=6, color=colour, label=name)
        axes.annotate(f"{middle:,.0f}", (place, middle), ha="center", va="bottom")
    axes.set_xticks(range(len(result.bars)), list(result.bars), rotation=15, ha="right")
    axes.set_ylabel(result.bars_unit)


def _draw_curves(axes: Any, result: Result) -> None:
    """Latency by percentile; the axis stretches towards the last ones."""
    for place, (name, curve) in enumerate(result.curves.items()):
        shown = [(percentile, ms) for percentile, ms in curve if percentile <= _LAST_PERCENTILE]
        rare = [100 / (100 - percentile) for percentile, _ in shown]
        took = [max(ms, 0.01) for _, ms in shown]
        axes.plot(rare, took, marker="o", ms=3, color=_COLOURS[place % len(_COLOURS)], label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    marks = (50, 90, 99, 99.9, 99.99)
    axes.set_xticks([100 / (100 - p) for p in marks], [f"{p:g}" for p in marks])
    axes.set_xlabel("percentile")
    axes.set_ylabel("milliseconds")
    axes.legend()


def _draw_lines(axes: Any, result: Result) -> None:
    """What should stay flat, by size."""
    for place, (name, points) in enumerate(result.lines.items()):
        sizes, values = zip(*points, strict=True)
        axes.plot(sizes, values, marker="o", color=_COLOURS[place % len(_COLOURS)], label=name)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.legend()
