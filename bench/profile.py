"""Where a purchase's time goes: the node under load, sampled by py-spy, by part and function."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

from bench.demo_load import PATRONS, purchase_script
from bench.kit import People, a_node, progress, save
from bench.wrk import run_wrk

SECONDS = 15
_PARTS = (
    ("write-behind", "storage/write_behind/"),
    ("journal thread", "storage/journal/"),
    ("database driver", "trio_asyncio/"),
    ("actors: deciding", "/_decision"),
    ("actors: entry, gate, delivery", "actors/runtime/"),
    ("gateway: token, codec, dispatch", "lastlight/gateway/"),
    ("HTTP lane: Quart and Hypercorn", "quart"),
    ("HTTP lane: Quart and Hypercorn", "hypercorn/"),
    ("front door: direct lane", "lastlight/front_door/"),
)
"""What a sample is counted as: the first whose mark is in its stack."""
_IDLE = "_thread_cache.py:211"
"""A worker thread waiting for work."""


def _part_of(stack: str) -> str:
    marked = stack.replace("_decision (", "/_decision (")
    return next((name for name, mark in _PARTS if mark in marked), "event loop and the rest")


def main() -> None:
    """Measure and save."""
    assert shutil.which("py-spy"), "py-spy is not installed"
    with a_node() as node, tempfile.TemporaryDirectory() as folder:
        people = People.of(node)
        names = [f"patron{n}" for n in range(1, PATRONS + 1)]
        script = purchase_script(node, people, names)
        run_wrk(node.url, script, seconds=5)
        load = threading.Thread(
            target=run_wrk, args=(node.url, script), kwargs={"seconds": SECONDS + 4}
        )
        load.start()
        assert node.process is not None
        out = Path(folder) / "stacks.txt"
        argv = ["py-spy", "record", "-p", str(node.process.pid), "-d", str(SECONDS), "-r", "200"]
        progress("sampling")
        subprocess.run(
            [*argv, "-f", "raw", "--full-filenames", "-o", str(out)],
            check=True,
            capture_output=True,
        )
        load.join()
        by_part: Counter[str] = Counter()
        by_function: Counter[str] = Counter()
        for line in out.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            if _IDLE in stack.rsplit(";", 1)[-1]:
                continue
            by_part[_part_of(stack)] += int(count)
            by_function[stack.rsplit(";", 1)[-1].split("/")[-1]] += int(count)
    total = sum(by_part.values())
    figures = {part: f"{100 * n / total:.1f} %" for part, n in by_part.most_common(15)}
    print(
        json.dumps(
            {f: f"{100 * n / total:.1f} %" for f, n in by_function.most_common(40)}, indent=1
        )
    )
    save("profile", figures)
