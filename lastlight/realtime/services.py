"""What a realtime connection asks of the application, so that it can be tested without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import attrs
import trio

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
    snapshot: object = None


@attrs.frozen(kw_only=True)
class Answer:
    """The answer to a command: the HTTP status it would have, and the body."""

    status: int
    data: object


@attrs.frozen(kw_only=True)
class Services:
    """What a connection asks of the application. Refusals are values; LastLightError is told.

    `resume` gets principal, room, after_seq, epoch; `command` gets principal, name, data,
    idempotency key. Commands in `exempt` pass all rate limits (Rule 8).
    """

    authenticate: Callable[[str], Awaitable[Principal | Refusal]]
    resume: Callable[[Principal, str, int | None, str | None], Awaitable[Resumption | Refusal]]
    command: Callable[
        [Principal, str, Mapping[str, object], str | None], Awaitable[Answer | Refusal]
    ]
    now: Callable[[], datetime]
    exempt: frozenset[str] = frozenset({"RaiseSos"})


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
