"""`make torture`: CYCLES=n (100) cycles by SEED=n (drawn), on a node with a demo venue of its own.

Exit status 1 if no disk can be filled and WITHOUT_DISK_FULL=1 does not allow for that, if there was
nothing to look at, and if anything did not hold: what, in which cycle, by which seed, and where the
data directory was copied to. The seed chooses the harm and its moment; what a machine does in that
moment is its own, so a seed shows the same again often, not always.
"""

from __future__ import annotations

import os
import random
import sys
import time
import traceback
from collections.abc import Iterator, Sequence

import trio

from tests.conftest import keep_bytecode
from tests.system.harness import NodeProcess, Yard
from tests.torture.harm import HARMS, Harm, choose
from tests.torture.namespaces import go_inside
from tests.torture.places import DISK_BYTES, Place, open_place
from tests.torture.run import torture
from tests.torture.telling import Cycle, line_of, not_looked_at, say, table_of


def main() -> int:
    """Run, and say what came of it."""
    go_inside(DISK_BYTES)
    keep_bytecode()
    count = int(os.environ.get("CYCLES") or 100)
    seed = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
    with open_place() as place:
        say(f"CYCLES={count} SEED={seed} on {place.bounded or 'a disk that is not to be filled'}")
        yard = Yard(place.folder)
        node = yard.node("node")
        node.log = place.log
        cycles: list[Cycle] = []
        harms = choose(random.Random(seed), count, place)
        began = time.monotonic()
        try:
            trio.run(_run, node, place, random.Random(seed), harms, cycles)
        except (ExceptionGroup, AssertionError) as broken:
            kept = place.keep(node.data_dir, node.log, str(seed))
            (kept / "traceback").write_text("".join(traceback.format_exception(broken)))
            at = min(len(cycles), len(harms) - 1)
            say(f"\nBROKEN in cycle {at + 1} ({harms[at].name}), SEED={seed}. Data and log: {kept}")
            for each in _leaves(broken):
                say(f"  {type(each).__name__}: {each}")
            return 1
        finally:
            yard.end()
            left_out = [h.name for h in HARMS if h.fills_disk and place.bounded is None]
            say(f"\n{table_of(cycles, left_out)}\n{(time.monotonic() - began) / 60:.1f} minutes")
    if none := not_looked_at(cycles):
        say(f"This says nothing: there were no {' and no '.join(none)}.")
        return 1
    said = f"Every promise held in {len(cycles)} cycles"
    if left_out:
        say(f"{said}, none of them on a full disk: let it mount, or set WITHOUT_DISK_FULL=1.")
        return 0 if os.environ.get("WITHOUT_DISK_FULL") else 1
    say(f"{said}.")
    return 0


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """What went wrong, without the groups around it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


async def _run(
    node: NodeProcess,
    place: Place,
    dice: random.Random,
    harms: Sequence[Harm],
    cycles: list[Cycle],
) -> None:
    await node.start()

    def tell(number: int, cycle: Cycle) -> None:
        cycles.append(cycle)
        say(line_of(number, len(harms), cycle))

    await torture(node, {}, place, dice, harms, tell)
    assert await node.stop() == 0, node.tail()


if __name__ == "__main__":
    sys.exit(main())
