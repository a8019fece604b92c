"""So many cycles on one node: an evening, harm, and what must hold afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.system.guests import Person, open_front
from tests.system.harness import NodeProcess
from tests.torture.evening import Evening, open_evening
from tests.torture.harm import Harm
from tests.torture.oracle import hold_to_account
from tests.torture.places import Place
from tests.torture.telling import Counts, Cycle

GUESTS: Final = 16
LAWS_EVERY: Final = 10
"""Reading all tables and recomputing all hashes takes longer the longer the evening lasts."""


async def torture(
    node: NodeProcess,
    known: Mapping[str, Person],
    place: Place,
    dice: random.Random,
    harms: Sequence[Harm],
    tell: Callable[[int, Cycle], None],
    *,
    guests: int = GUESTS,
) -> None:
    """Hurt a running node by each of `harms`; `known` are signed in. It is up afterwards.

    Raises:
        ExceptionGroup: something that was promised does not hold, in the cycle after the last one
            that `tell` was told of; or the run itself failed.
    """
    async with (
        open_front(node.url, known) as front,
        open_evening(node, front, place, dice, guests=guests) as evening,
    ):
        for number, harm in enumerate(harms, 1):
            laws = number % LAWS_EVERY == 0 or number == len(harms)
            tell(number, await one_cycle(evening, harm, laws=laws))


async def one_cycle(evening: Evening, harm: Harm, *, laws: bool) -> Cycle:
    """Hurt the node once, and hold it to account; `laws` reads all tables."""
    began, before = time.monotonic(), Counts.of(evening)
    earlier, started_s = before.answered, evening.node.start_s
    await evening.renew()
    await evening.be_hurt(harm)
    await evening.settle()
    looked = await hold_to_account(evening, earlier=earlier, laws=laws)
    return Counts.of(evening).since(
        before,
        harm=harm.name,
        looked=looked,
        start_s=evening.node.start_s if evening.node.start_s != started_s else 0.0,
        took_s=time.monotonic() - began,
    )
