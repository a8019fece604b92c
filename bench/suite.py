"""What questions share in one run: how large it is, and the contest, which is opened once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import attrs

from bench.contest import Contest, open_contest
from bench.figures import Result
from bench.peer import Peer
from bench.scale import Scale


@attrs.define(eq=False)
class Suite:
    """One run."""

    scale: Scale
    peers: Callable[[], Sequence[Peer]]
    """Makes those that are measured, ours first; called when the first question needs them."""
    _stack: ExitStack = attrs.field(factory=ExitStack)
    _contest: Contest | None = None

    def contest(self) -> Contest:
        """All servers, running."""
        if self._contest is None:
            self._contest = self._stack.enter_context(open_contest(self.peers(), self.scale))
        return self._contest

    def close(self) -> None:
        """End all servers; the next question that needs them starts them anew."""
        self._contest = None
        self._stack.close()


@attrs.frozen(kw_only=True)
class Question:
    """One thing that is asked; each has a file of its own in `bench/questions`."""

    name: str
    asks: str
    answer: Callable[[Suite], Result]
    anew: bool = False
    """Whether those servers are made anew for it: nobody is in whom an earlier question let in."""
    with_peers: bool = False
    """Whether it is asked of the servers that run side by side."""
    seconds: float
    """What it takes at full scale, about: nothing is begun that would end too late."""
