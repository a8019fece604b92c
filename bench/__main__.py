"""`python -m bench <question>`: one file per question."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from bench import actors, fanout, http, idle_sockets, life, profile, sos, storm

QUESTIONS: Mapping[str, Callable[[], None]] = {
    "http": http.main,
    "actors": actors.main,
    "life": life.main,
    "profile": profile.main,
    "fanout": fanout.main,
    "sos": sos.main,
    "idle": idle_sockets.main,
    "storm": storm.main,
}


def main() -> int:
    """Run the questions named, or all."""
    asked = sys.argv[1:] or list(QUESTIONS)
    if unknown := [name for name in asked if name not in QUESTIONS]:
        print(f"no question is called {unknown[0]}; there are {', '.join(QUESTIONS)}")
        return 2
    for name in asked:
        QUESTIONS[name]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
