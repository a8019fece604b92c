"""Everything random comes from a seed: whose turn it is, bytes of the system, hashes of text.

trio has no public way to order tasks by a seed, so two of its private names are used; its version
is pinned in requirements.lock, and `test_seeds.py` shows that the same seed gives the same night.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final

import trio

from tests.replacing import replaced

_RUN: Final[Any] = trio._core._run


def run_with_steady_hashes(module: str) -> None:
    """Begin this process again with hashes of text that are the same each time, if they aren't."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        line = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, line, environment)  # noqa: S606


@contextmanager
def everything_random_from(seed: int) -> Iterator[None]:
    """Whatever asks the system for random bytes meanwhile gets those of the seed."""
    source = Random(seed)
    with (
        replaced(_RUN, "_ALLOW_DETERMINISTIC_SCHEDULING", True),
        replaced(os, "urandom", source.randbytes),
        replaced(random, "_urandom", source.randbytes),
    ):
        take_turns_by(seed)
        yield


def take_turns_by(seed: int) -> None:
    """From here on tasks that could run take their turns in an order that follows from `seed`.

    Said anew at each move, so that a night without some of its moves is much like the whole one.
    """
    _RUN._r.seed(seed)
