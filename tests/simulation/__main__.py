"""`python -m tests.simulation`: play many nights, or one again, or look for faults."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.seeded import run_with_steady_hashes


def main() -> int:
    """Read the line, and do it; 1 if a night failed, or something planted was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    many = kinds.add_parser("run", help="play nights, on all cores")
    many.add_argument("seeds", type=int)
    many.add_argument("--first", type=int, default=0)
    many.add_argument("--jobs", type=int)
    many.add_argument("--seconds", type=float, help="begin no night after so long")
    again = kinds.add_parser("replay", help="play one night again, with all that it says")
    again.add_argument("seed", type=int)
    again.add_argument("--only", type=_numbers, help="numbers of moves, such as 0,3,4")
    again.add_argument("--mutation")
    again.add_argument("--logs", action="store_true", help="also what the node logs")
    mutants = kinds.add_parser("mutants", help="look for each planted fault")
    mutants.add_argument("--seeds", type=int, default=500)
    mutants.add_argument("--jobs", type=int)
    mutants.add_argument("--name")
    twice = kinds.add_parser("twice", help="play nights twice, and compare them")
    twice.add_argument("seeds", type=int)
    digests = kinds.add_parser("digests", help="what is compared, with any hashes")
    digests.add_argument("seeds", type=int)
    asked = parser.parse_args()
    if asked.kind != "digests":
        run_with_steady_hashes("tests.simulation")
    # Only now: what is imported is imported with steady hashes.
    from tests.simulation import alike, running  # noqa: PLC0415

    if asked.kind == "run":
        return running.run(asked.seeds, first=asked.first, jobs=asked.jobs, seconds=asked.seconds)
    if asked.kind == "replay":
        return running.replay(asked.seed, only=asked.only, mutation=asked.mutation, logs=asked.logs)
    if asked.kind in {"twice", "digests"}:
        return (alike.twice if asked.kind == "twice" else alike.say_digests)(asked.seeds)
    return running.mutants(asked.seeds, jobs=asked.jobs, name=asked.name)


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",") if one]


if __name__ == "__main__":
    sys.exit(main())
