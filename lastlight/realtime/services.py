"""What a realtime connection asks of the application, so that it can be tested without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

import attrs
import trio

from lastlight.realtime.backlog import Snapshot
from lastlight.realtime.hub import Member, Membership
from lastlight.realtime.messages import Ack
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Refusal
from protocol.limits import SOCKET_MESSAGES_BURST, SOCKET_MESSAGES_PER_S


@attrs.frozen(kw_only=True)
class Resumption:
    """Where a room stands: `seq` of its home's `epoch`, and how to get there.

    Either `events`, all durable ones after the place asked for up to `seq`, in order; or, if those
    are not all there, a `snapshot` at `seq`.
    """

    epoch: str
    seq: int
    events: tuple[RoomEvent, ...] = ()
    snapshot: Snapshot | None = None


class Resume(Protocol):
    """Where a room stands for somebody who was at a place of it, or at none."""

    async def __call__(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        """Without `snapshots` there are events or a refusal, `cursor_expired` with a `reason`.

        Raises:
            LastLightError: the room can't be read now.
        """
        ...


@attrs.frozen(kw_only=True)
class Answer:
    """The answer to a command: the HTTP status it would have, and the body."""

    status: int
    data: object


class Attendance(Protocol):
    """What is kept of connections besides what they hear: who is there, and who has what."""

    def joined(self, member: Member) -> None:
        """A connection has said who it is."""

    def left(self, member: Member) -> None:
        """A connection that had joined has ended."""

    def entered(self, room: str, membership: Membership, found: Resumption) -> None:
        """A connection is given a room from a place, or all of it."""

    def acknowledged(self, member: Member, ack: Ack) -> bool:
        """A client says that it has a room up to a place, or one event; whether that is new."""


class NoAttendance:
    """Nothing is kept. See `Attendance`."""

    def joined(self, member: Member) -> None:
        """Nothing."""

    def left(self, member: Member) -> None:
        """Nothing."""

    def entered(self, room: str, membership: Membership, found: Resumption) -> None:
        """Nothing."""

    def acknowledged(self, member: Member, ack: Ack) -> bool:
        """Nothing is new."""
        return False


@attrs.frozen(kw_only=True)
class Services:
    """What a connection asks of the application. Refusals are values; LastLightError is told.

    `command` gets principal, name, data, idempotency key. Commands in `exempt` pass all rate
    limits (Rule 8).
    """

    authenticate: Callable[[str], Awaitable[Principal | Refusal]]
    resume: Resume
    command: Callable[
        [Principal, str, Mapping[str, object], str | None], Awaitable[Answer | Refusal]
    ]
    now: Callable[[], datetime]
    exempt: frozenset[str] = frozenset({"RaiseSos"})
    attendance: Attendance = attrs.field(factory=NoAttendance)


class Pace:
    """A token bucket: SOCKET_MESSAGES_BURST at once, SOCKET_MESSAGES_PER_S from then on."""

    def __init__(self) -> None:
        self._allowance = float(SOCKET_MESSAGES_BURST)
        self._refilled_at = trio.current_time()

    def take(self) -> bool:
        """Whether one more message may be read now."""
        now = trio.current_time()
        refill = (now - self._refilled_at) * SOCKET_MESSAGES_PER_S
        self._allowance = min(SOCKET_MESSAGES_BURST, self._allowance + refill)
        self._refilled_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
