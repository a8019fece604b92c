"""The same seeds played twice, in two processes at once, and equal to the byte.

The other process plays them backwards and hashes text otherwise, so neither what was played before,
nor what else the machine has to do, nor the order of any set may matter: else a failing seed would
be nothing to look into.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

from tests.simulation.nights import found_all, told_by_fork
from tests.simulation.plan import plan_of

OTHER_HASHES: Final = "1"
"""Not those that nights are usually played with."""


def digests(seeds: Iterable[int]) -> dict[int, str]:
    """By seed, what all words and all that was written come to."""
    worlds = found_all()
    return {seed: told_by_fork(plan_of(seed), worlds).digest for seed in seeds}


def say_digests(count: int) -> int:
    """Print those of the first seeds, the last of them played first."""
    sys.stdout.write(json.dumps(digests(reversed(range(count)))))
    return 0


def twice(count: int) -> int:
    """Play the first seeds twice; 1 if some night was not the same."""
    line = [sys.executable, "-m", "tests.simulation", "digests", str(count)]
    environment = {**os.environ, "PYTHONHASHSEED": OTHER_HASHES}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as other:
        here = digests(range(count))
        said, _ = other.communicate()
    there = {int(seed): digest for seed, digest in json.loads(said).items()}
    different = [seed for seed in here if here[seed] != there[seed]]
    alike = count - len(different)
    sys.stdout.write(f"{alike} of {count} nights are the same to the byte when played twice\n")
    if different:
        sys.stdout.write(f"these are not: {', '.join(map(str, different))}\n")
    return 1 if different or len({*here.values()}) != count else 0
