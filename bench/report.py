"""Results on disk: JSON by question and one Markdown table of all. Not kept in git."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from bench.figures import Result, Row
from bench.kit import RESULTS

BEGIN: Final = "<!-- figures begin -->"
END: Final = "<!-- figures end -->"
_MET: Final = {True: "met", False: "**not met**", None: ""}


def table_of(results: Iterable[Result]) -> str:
    """The table of goals and figures, in Markdown."""
    lines = ["| question | what | goal | figure | |", "|---|---|---|---|---|"]
    for result in results:
        for number, row in enumerate(result.rows):
            question = f"`{result.question}`" if number == 0 else ""
            goal = "" if row.goal is None else str(row.goal)
            lines.append(f"| {question} | {row.what} | {goal} | {row.text} | {_MET[row.met]} |")
    return "\n".join(lines) + "\n"


def summary_of(results: Sequence[Result]) -> str:
    """How many goals were met, and which were not."""
    missed = [f"{r.question}: {row.what} ({row.text})" for r, row in _asked(results) if not row.met]
    return _met(results) + ("" if not missed else " Not met: " + "; ".join(missed) + ".")


def _met(results: Sequence[Result]) -> str:
    rows = _asked(results)
    return f"{sum(row.met is True for _, row in rows)} of {len(rows)} goals met."


def _asked(results: Sequence[Result]) -> list[tuple[Result, Row]]:
    return [(r, row) for r in results for row in r.rows if row.goal]


def notes_of(results: Iterable[Result]) -> str:
    """What is to be known about the figures, as a list."""
    return "".join(f"- `{r.question}`: {note}\n" for r in results for note in r.notes)


def save(result: Result, folder: Path = RESULTS) -> None:
    """Write one question's JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result.as_json(), indent=2)
    (folder / f"{result.question}.json").write_text(text)


def machine() -> str:
    """The machine in general words."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    version = platform.python_version()
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}, Python {version}"


def publish(results: Sequence[Result], readme: Path, today: date) -> None:
    """Put the table between the marks of a Markdown file.

    Raises:
        ValueError: the file has no marks.
    """
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no marks {BEGIN} and {END}")
    said = f"{today.isoformat()}, {machine()}. {_met(results)}"
    text = f"\n{said}\n\n{table_of(results)}\n{notes_of(results)}"
    readme.write_text(before + begin + text + end + after)


def save_all(results: Sequence[Result], folder: Path = RESULTS) -> Path:
    """Write the table of all questions; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "table.md"
    notes = notes_of(results)
    text = f"{summary_of(results)}\n\n{table_of(results)}\n{notes}"
    path.write_text(text)
    return path
