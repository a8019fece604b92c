"""A night played to its end in a process of its own, and what is told of it.

Each is forked from a process that has founded the worlds already: so it begins at once, knows
nothing of the nights before it, and can be ended from outside if it never ends by itself.
"""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import select
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final

import attrs

from protocol.records.runtime import DeadLetter
from tests.simulation.mutations import MET, SLIPS
from tests.simulation.plan import Plan, plan_of
from tests.simulation.play import play
from tests.simulation.worlds import BEGINNINGS, found, quiet_logs
from tests.twins.nodes import World

NIGHT_CPU_MAX_S: Final = 40.0
"""Most take less than one. Who takes longer goes round in circles, is ended, and says where."""
NIGHT_MAX_S: Final = 180.0
"""One that doesn't end by that is killed."""
WORDS_MAX: Final = 400
WARMING: Final = 2
"""A short night of many kinds of steps."""
GARBAGE: Final = 20_000
ENDLESS: Final = "endless"
"""What failed, of a night that did not end."""
Planting = Callable[[], AbstractContextManager[object]]


class Endless(BaseException):
    """A night that goes round in circles; nothing in the node may catch it."""


@attrs.frozen(kw_only=True)
class Failure:
    """What did not hold, and the last words of the night."""

    where: str
    """The same for nights that fail for the same reason."""
    text: str
    words: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Told:
    """What is told of a night."""

    seed: int
    cpu_s: float
    steps: int
    faults: Counter[str]
    operations: Counter[str]
    unread: Counter[str]
    digest: str
    """Of all its words and all that it wrote."""
    failure: Failure | None = None
    reached: int = 0
    """How often something planted made a difference."""
    slipped: bool = False
    """Whether something raised what only bad code does: what is planted is to be wrong, not bad."""


def found_all() -> Sequence[World]:
    """All worlds in which nights begin, in a process that has played a night already.

    What is made once, such as schemas and caches, is then there for all that are forked.
    """
    with quiet_logs():
        worlds = [found(beginning) for beginning in BEGINNINGS]
    told_of(plan_of(WARMING), worlds)
    # What is there now stays: nobody need look through it again, or copy it by looking.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    return worlds


def told_of(plan: Plan, worlds: Sequence[World], *, logs: bool = False) -> Told:
    """Play a night here."""
    began = time.process_time()
    failure, leaf = None, None
    with nullcontext() if logs else quiet_logs():
        try:
            night = play(plan, worlds[plan.beginning])
        except (Exception, BaseExceptionGroup, Endless) as error:  # noqa: BLE001 - it has failed
            night, leaf = error.__dict__["night"], _leaf(error)
            failure = Failure(
                where=ENDLESS if isinstance(leaf, Endless) else _where(error),
                text=_text(error),
                words=tuple(night.words)[-WORDS_MAX:],
            )
    digest = hashlib.sha256("\n".join(night.words).encode())
    for data in night.world.disk.known():
        digest.update(data)
    return Told(
        seed=plan.seed,
        cpu_s=time.process_time() - began,
        steps=night.steps,
        faults=+night.faults.met,
        operations=+night.operations,
        unread=+night.unread,
        digest=digest.hexdigest(),
        failure=failure,
        reached=MET["reached"],
        slipped=isinstance(leaf, SLIPS) or MET["slipped"] > 0 or _has_slipped(night.world),
    )


def _end(_signal: int, _frame: object) -> None:
    raise Endless(f"a night has used {NIGHT_CPU_MAX_S:.0f} s of a core")


def _has_slipped(world: World) -> bool:
    """Whether such an error is among the dead letters, where the node puts what it survives."""
    names = tuple(f"{slip.__name__}(" for slip in SLIPS)
    return any(row.error.startswith(names) for row in world.database.table(DeadLetter).values())


def told_by_fork(plan: Plan, worlds: Sequence[World], planting: Planting = nullcontext) -> Told:
    """Play a night in a process of its own, with something planted in it or not."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        code = 1
        try:
            signal.signal(signal.SIGVTALRM, _end)
            signal.setitimer(signal.ITIMER_VIRTUAL, NIGHT_CPU_MAX_S, 1.0)
            with planting():
                told = told_of(plan, worlds)
            # Where the pipe is broken, nobody waits for this night any more.
            with suppress(BrokenPipeError), os.fdopen(writing, "wb") as pipe:
                pickle.dump(told, pipe)
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    os.close(writing)
    data = _read(reading, NIGHT_MAX_S)
    if data is None:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not data:
        end = Failure(where=ENDLESS, text="it never ended, or ended its process", words=())
        return Told(
            seed=plan.seed, cpu_s=0.0, steps=0, faults=Counter(), operations=Counter(),
            unread=Counter(), digest="", failure=end,
        )  # fmt: skip
    told = pickle.loads(data)  # noqa: S301 - from our own child
    assert isinstance(told, Told)
    return told


def _read(pipe: int, seconds: float) -> bytes | None:
    """All that comes; None if that takes longer."""
    parts: list[bytes] = []
    deadline = time.monotonic() + seconds
    with os.fdopen(pipe, "rb", buffering=0) as source:
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([source], [], [], left)[0]:
                return None
            part = source.read(1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return None


def plan_for(seed: int, only: Sequence[int] | None = None) -> Plan:
    """The night of a seed, or what is left of it."""
    plan = plan_of(seed)
    return plan if only is None else plan.only(only)


def _leaf(error: BaseException) -> BaseException:
    """The first thing that went wrong."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _where(error: BaseException) -> str:
    leaf = _leaf(error)
    frames = traceback.extract_tb(leaf.__traceback__)
    ours = [frame for frame in frames if "/tests/" in frame.filename] or frames
    place = ours[-1] if ours else None
    return f"{type(leaf).__name__} in {place.name if place else 'nowhere'}"


def _text(error: BaseException) -> str:
    leaf = _leaf(error)
    return "".join(traceback.format_exception(leaf, chain=False))[-6_000:]
