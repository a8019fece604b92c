"""Any sequence of appends, losses, releases and restarts leaves exactly what was made durable."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.addresses import Position
from protocol.journal import CommitLost
from tests.contracts.journal_places import Journal, Place, append, place_of, read_all
from tests.twins.journal_faults import planted


@attrs.frozen
class Append:
    """Commit one group of entries of these sizes."""

    sizes: list[int]


@attrs.frozen
class Fail:
    """Append, let the commit fail before or after it is written, and recover or die."""

    sizes: list[int]
    written: bool
    recover: bool


@attrs.frozen
class Release:
    """Release up to a share of what is durable."""

    share: float


@attrs.frozen
class Reopen:
    """Close the journal and open it again."""


SIZES = st.lists(st.integers(0, 9_000), min_size=1, max_size=6)
STEPS = st.lists(
    st.one_of(
        st.builds(Append, SIZES),
        st.builds(Fail, SIZES, written=st.booleans(), recover=st.booleans()),
        st.builds(Release, st.floats(0, 1)),
        st.builds(Reopen),
    ),
    max_size=12,
)


@attrs.define
class Model:
    """What must be found, by number, and the numbers that were lost in this process."""

    kept: dict[int, bytes] = attrs.field(factory=dict)
    lost: list[int] = attrs.field(factory=list)
    released_n: int = 0


async def fail(journal: Journal, place: Place, model: Model, step: Fail) -> None:
    """Let one group fail."""
    setattr(place.faults, "after" if step.written else "before", planted())
    entries = [bytes([size % 251]) * size for size in step.sizes]
    positions = append(journal, *entries)
    if step.written:
        await journal.wait_durable(positions[-1])
        model.kept |= {at.n: data for at, data in zip(positions, entries, strict=True)}
    else:
        with pytest.raises(CommitLost):
            await journal.wait_durable(positions[-1])
        if step.recover:
            model.lost += [at.n for at in positions]
    if step.recover:
        await journal.recover()


async def check(journal: Journal, model: Model) -> None:
    """The journal holds what the model holds, and denies what it has lost."""
    assert dict(await read_all(journal)) == model.kept
    assert journal.durable.n == max(model.kept, default=0)
    for n in model.lost:
        assert not journal.holds(Position(journal.journal_id, n))
    waiting = journal.statistics().unreleased_entries
    assert waiting == sum(n > model.released_n for n in model.kept)


async def play(place: Place, steps: list[Append | Fail | Release | Reopen]) -> None:
    """Play steps; each `Reopen`, and each failure without recovery, ends one life."""
    model = Model()
    left = iter(steps)
    alive = True
    while alive:
        alive = False
        async with place.open() as journal:
            assert journal.durable == journal.last
            # A journal that is opened does not know what the database has.
            model.released_n = 0
            await check(journal, model)
            for step in left:
                match step:
                    case Append(sizes):
                        entries = [bytes([size % 251]) * size for size in sizes]
                        positions = append(journal, *entries)
                        await journal.wait_durable(positions[-1])
                        model.kept |= {
                            at.n: data for at, data in zip(positions, entries, strict=True)
                        }
                    case Fail():
                        await fail(journal, place, model, step)
                    case Release(share):
                        numbers = [0, *model.kept]
                        n = numbers[int(share * (len(numbers) - 1))]
                        model.released_n = max(model.released_n, n)
                        await journal.release(Position(journal.journal_id, n))
                    case Reopen():
                        pass
                if isinstance(step, Reopen) or (isinstance(step, Fail) and not step.recover):
                    alive = True
                    break
                await check(journal, model)


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 25), ("memory", 100)])
def test_any_history_leaves_exactly_what_was_durable(kind: str, examples: int) -> None:
    """Losses, restarts and rolled segments meet in ways nobody would think of listing."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=STEPS)
    def run(steps: list[Append | Fail | Release | Reopen]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            trio.run(play, place_of(kind, Path(directory)), steps)

    run()
