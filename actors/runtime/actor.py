"""One activation of one actor: its task, its mailbox, its state.

It takes one message at a time and never waits for another actor. It waits only where what a
decision needs is not here: its rows, a stored answer, a room's cursor. While it waits nothing of
it changes.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import trio

from actors.runtime.answers import ActorUnavailable, Reply
from actors.runtime.behaviour import Behaviour
from actors.runtime.drafting import Drafter
from actors.runtime.handling import handle
from actors.runtime.inspection import (
    ActorSnapshot,
    ActorStatistics,
    Handled,
    PendingTimer,
)
from actors.runtime.keys import Keys
from actors.runtime.loading import load
from actors.runtime.mailbox import Envelope, Mailbox
from actors.runtime.outcome import CancelTimer
from actors.runtime.state import State
from protocol.addresses import Address
from protocol.errors import LastLightError
from protocol.limits import RECENT_MESSAGES
from protocol.records.base import Record
from protocol.records.platform import ActorTimer

if TYPE_CHECKING:
    from actors.runtime.generation import Generation

_YIELD_EVERY = 16
_AGAIN_S = 0.5
_ROW_BYTES = 400
_KEY_BYTES = 600


class Actor:
    """A long-lived thing with one task. Made by the generation that it belongs to."""

    __slots__ = (
        "_handled",
        "_loading",
        "_mailbox",
        "_parked",
        "address",
        "behaviour",
        "born_at",
        "busy",
        "drafter",
        "failed_at",
        "failures",
        "fresh",
        "generation",
        "keys",
        "last_used",
        "loaded",
        "position",
        "recent",
        "restarts",
        "retired",
        "state",
        "surplus",
        "timers",
        "trimmed_at",
        "waiting",
    )

    def __init__(
        self, address: Address, behaviour: Behaviour, generation: Generation, *, fresh: bool
    ) -> None:
        self.address = address
        self.behaviour = behaviour
        self.generation = generation
        self.state: State = behaviour.state(address)
        self.keys = Keys(address)
        self.timers: dict[str, ActorTimer] = {}
        self.drafter = Drafter(
            address=address,
            keys=self.keys,
            timers=self.timers,
            rooms=generation.rooms,
            fresh_id=generation.ports.ids.fresh,
        )
        self.waiting: dict[UUID, Reply] = {}
        self.position = 0
        self.fresh = fresh
        self.loaded = False
        self.retired = False
        self.busy = False
        self.restarts = 0
        self.failed_at: deque[float] | None = None
        self.failures: deque[str] | None = None
        self.recent: deque[Handled] | None = None
        self.born_at = self.last_used = self.trimmed_at = trio.current_time()
        self.surplus: tuple[Record, ...] = ()
        self._handled = 0
        self._loading = trio.Event()
        self._mailbox: Mailbox | None = None
        self._parked: trio.lowlevel.Task | None = None

    def put(self, envelope: Envelope) -> None:
        """Give the actor a message.

        Raises:
            ActorUnavailable: the mailbox is full. Nothing was added.
        """
        if self._mailbox is None:
            self._mailbox = Mailbox()
        self._mailbox.put(envelope, self.address)
        if self._parked is not None:
            self.generation.residents.awake.add(self)
            trio.lowlevel.reschedule(self._parked)
            self._parked = None

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return 0 if self._mailbox is None else len(self._mailbox)

    @property
    def idle(self) -> bool:
        """Whether it waits for a message and nobody for it."""
        return self._parked is not None and not self.waiting

    def retire(self) -> None:
        """End an idle actor; its rows are in the database and it is loaded anew when needed."""
        assert self._parked is not None
        self.retired = True
        trio.lowlevel.reschedule(self._parked)
        self._parked = None

    async def run(self) -> None:
        """Load, then handle messages until retired."""
        if not await self._bring_in():
            return
        while not self.retired:
            envelope = None if self._mailbox is None else self._mailbox.take()
            if envelope is None:
                if not self.state.exists and not self.waiting:
                    # Nobody is here: an address is not kept for having been asked for.
                    self.generation.forget(self)
                    return
                self.generation.residents.awake.discard(self)
                self._parked = trio.lowlevel.current_task()
                await trio.lowlevel.wait_task_rescheduled(self._forget_parking)
                continue
            self._handled += 1
            self.busy = True
            try:
                await handle(self, envelope)
            finally:
                self.busy = False
            if self._handled % _YIELD_EVERY == 0:
                await trio.lowlevel.checkpoint()

    def _forget_parking(self, _: object) -> trio.lowlevel.Abort:
        self._parked = None
        return trio.lowlevel.Abort.SUCCEEDED

    async def _bring_in(self) -> bool:
        """Load. While that fails, commands are told so, and sends wait here in their order."""
        while True:
            try:
                await load(self)
            except LastLightError as error:
                reason = ActorUnavailable(self.address, f"can't be loaded ({error})")
                if not self._tell_commands(reason):
                    self.generation.forget(self)
                    return False
                await trio.sleep(_AGAIN_S)
            else:
                self.loaded = True
                return True
            finally:
                self._loading.set()

    def _tell_commands(self, reason: ActorUnavailable) -> bool:
        """Take the commands out of the mailbox; whether anything else is left in it."""
        left = False
        for envelope in [] if self._mailbox is None else self._mailbox.drain():
            if envelope.reply is not None:
                envelope.reply.give(reason)
            else:
                assert self._mailbox is not None
                self._mailbox.put(envelope, self.address)
                left = True
        return left

    async def wait_loaded(self) -> None:
        """Wait until the rows are here.

        Raises:
            ActorUnavailable: they can't be read now.
        """
        await self._loading.wait()
        if not self.loaded:
            raise ActorUnavailable(self.address, "can't be loaded")

    def put_back(self, envelope: Envelope) -> None:
        """Return a message that could not be begun to its place."""
        assert self._mailbox is not None
        self._mailbox.put_back(envelope)

    def remember(self, handled: Handled) -> None:
        """Keep one of the last RECENT_MESSAGES messages for operators."""
        if self.recent is None:
            self.recent = deque(maxlen=RECENT_MESSAGES)
        self.recent.append(handled)

    def fired_before(self, moment: datetime) -> tuple[CancelTimer, ...]:
        """What forgets the timers that fired before then."""
        return tuple(
            CancelTimer(timer.name)
            for timer in self.timers.values()
            if timer.fired_at is not None and timer.fired_at < moment
        )

    def statistics(self) -> ActorStatistics:
        """The actor now, as a line in a list."""
        now = trio.current_time()
        oldest = None if self._mailbox is None else self._mailbox.oldest
        rows = sum(1 for _ in self.state)
        return ActorStatistics(
            actor_type=self.address.kind.value,
            actor_id=str(self.address.id),
            state="busy" if self.busy else "idle" if self.loaded else "loading",
            mailbox_depth=self.depth,
            oldest_ms=None if oldest is None else (now - oldest) * 1000,
            messages=self._handled,
            last_message_at=self.recent[-1].at if self.recent else None,
            restarts=self.restarts,
            age_s=now - self.born_at,
            rows=rows,
            memory_bytes=rows * _ROW_BYTES + len(self.keys) * _KEY_BYTES,
        )

    def snapshot(self) -> ActorSnapshot:
        """The actor now, whole."""
        return ActorSnapshot(
            statistics=self.statistics(),
            version=self.position,
            masked=self.behaviour.masked(self.state),
            timers=tuple(
                PendingTimer(name=t.name, due_at=t.due_at, command=str(t.payload["command"]))
                for t in self.timers.values()
                if t.fired_at is None
            ),
            recent=tuple(self.recent or ()),
            waiting=len(self.waiting),
            keys=len(self.keys),
            failures=tuple(self.failures or ()),
        )
