"""What the caller of an actor gets: an answer, or why there is none."""

from __future__ import annotations

from typing import ClassVar

import attrs
import trio

from protocol.addresses import Address
from protocol.errors import Code, LastLightError, Refusal


@attrs.frozen(kw_only=True)
class Answer:
    """What an actor decided: `body` is the reply as JSON, or `refusal` says why not."""

    status: int
    body: bytes = b""
    refusal: Refusal | None = None
    version: int | None = None
    """Of the record answered, for `ETag`."""
    replayed: bool = False
    """Whether this is the stored answer of an earlier request with the same key."""


@attrs.define(eq=False)
class ActorUnavailable(LastLightError):
    """The actor can't take the command now. Nothing was done."""

    code: ClassVar[Code] = Code.ACTOR_UNAVAILABLE
    retry_after_s: ClassVar[int | None] = 1
    address: Address
    reason: str

    def __str__(self) -> str:
        return f"{self.address} {self.reason}; nothing was done, try again"


@attrs.define(eq=False)
class OutcomeUnknown(LastLightError):
    """The command was begun and its end is not known."""

    code: ClassVar[Code] = Code.OUTCOME_UNKNOWN
    retry_after_s: ClassVar[int | None] = 1
    address: Address

    def __str__(self) -> str:
        return f"{self.address} began this and its end is not known; ask again with the same key"


class NodeStarting(LastLightError):
    """The node is starting or starting anew. Nothing was done."""

    code: ClassVar[Code] = Code.STARTING
    retry_after_s: ClassVar[int | None] = 1

    def __str__(self) -> str:
        return "the node is starting; nothing was done, try again"


class Reply:
    """A place for one answer, filled at most once, for one who waits."""

    __slots__ = ("_result", "_waiting")

    def __init__(self) -> None:
        self._result: Answer | LastLightError | None = None
        self._waiting: trio.lowlevel.Task | None = None

    @property
    def given(self) -> bool:
        """Whether it is filled."""
        return self._result is not None

    def give(self, result: Answer | LastLightError) -> None:
        """Fill it; a second answer is dropped, as the first has left."""
        if self._result is None:
            self._result = result
            if self._waiting is not None:
                trio.lowlevel.reschedule(self._waiting)
                self._waiting = None

    async def wait(self) -> Answer:
        """Wait for the answer.

        Raises:
            LastLightError: what was given instead of one.
        """
        if self._result is None:
            assert self._waiting is None, "an answer is for one"
            self._waiting = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._stop_waiting)
        else:
            await trio.lowlevel.checkpoint()
        if isinstance(self._result, LastLightError):
            raise self._result
        assert self._result is not None
        return self._result

    def _stop_waiting(self, _: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED
