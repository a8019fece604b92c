"""How often somebody may ask (Rule 16): by address without a token, by user with one.

A window of RATE_WINDOW_S slides in steps of RATE_BUCKET_S and never lets through more than its
limit, whenever it is looked at. What must always get through is not counted at all: an SOS, signed
webhooks, health and the keys. Which of those a request is, the way in knows; see `EXEMPT`.
"""

from __future__ import annotations

import enum
import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NamedTuple
from uuid import UUID

from protocol.errors import Code, LastLightError, Refusal
from protocol.limits import (
    RATE_ADDRESS_MAX,
    RATE_BUCKET_S,
    RATE_FAMILY_MAX,
    RATE_KEYS_MAX,
    RATE_USER_MAX,
    RATE_WINDOW_S,
)

EXEMPT: Final = frozenset(
    {
        "GET /.well-known/jwks.json",
        "GET /healthz",
        "GET /readyz",
        "POST /api/emergency/sos",
        "POST /api/payments/webhooks/stripe",
    }
)
"""Routes that are never counted and never refused. A webhook is one only once its signature is
verified; that is cheap, and comes first."""

_BUCKETS: Final = RATE_WINDOW_S // RATE_BUCKET_S
_IPV6_PREFIX_BITS: Final = 64
"""What one subscriber is given; each address of it counts for all."""


class Counted(enum.Enum):
    """By what a request is counted; the value is the words of a refusal."""

    ADDRESS = "requests without a token from this address"
    USER = "requests of this user"
    FAMILY = "refreshes of this login"


MOST: Final[Mapping[Counted, int]] = {
    Counted.ADDRESS: RATE_ADDRESS_MAX,
    Counted.USER: RATE_USER_MAX,
    Counted.FAMILY: RATE_FAMILY_MAX,
}
"""Requests per RATE_WINDOW_S."""


class Caller(NamedTuple):
    """One counter."""

    counted: Counted
    key: str


def by_address(address: str) -> Caller:
    """A client without a valid token, IPv6 by its /64; what is no address counts as itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Caller(Counted.ADDRESS, address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return Caller(Counted.ADDRESS, str(parsed.ipv4_mapped))
        network = ipaddress.ip_network((parsed.packed, _IPV6_PREFIX_BITS), strict=False)
        return Caller(Counted.ADDRESS, str(network))
    return Caller(Counted.ADDRESS, str(parsed))


def by_user(user_id: UUID) -> Caller:
    """A client whose token verified; a venue's patrons share one address."""
    return Caller(Counted.USER, user_id.hex)


def by_family(family_id: UUID) -> Caller:
    """A refresh whose token was made here; the access token may have ended by then."""
    return Caller(Counted.FAMILY, family_id.hex)


class RateLimited(LastLightError):
    """A caller asked too often. Nothing was done, and the refused request is not counted."""

    code: ClassVar[Code] = Code.RATE_LIMITED

    def __init__(self, caller: Caller, wait_s: int, most: int | None = None) -> None:
        super().__init__(caller, wait_s, most)
        self.caller = caller
        self.wait_s = wait_s
        self.most = MOST[caller.counted] if most is None else most

    def __str__(self) -> str:
        counted = self.caller.counted
        return (
            f"{self.most} {counted.value} in {RATE_WINDOW_S} s are all there may be; "
            f"try again in {self.wait_s} s"
        )

    def refusal(self) -> Refusal:
        """The answer, with the moment from which on one more request passes."""
        return Refusal(self.code, str(self), retry_after_s=self.wait_s)


class RateLimits:
    """Counters of everyone who asked within the window.

    At most `callers_max` are held; beyond it the caller idle for longest is forgotten.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        enabled: bool = True,
        callers_max: int = RATE_KEYS_MAX,
        most: Callable[[Counted], int] = MOST.__getitem__,
    ) -> None:
        """`clock` gives seconds that never go back, such as `trio.current_time`.

        `most` tells how many requests a window has; it is asked anew each time.
        """
        self._clock = clock
        self._enabled = enabled
        self._callers_max = callers_max
        self._most = most
        # Per caller its buckets in order: number of the bucket, requests in it.
        self._asked: OrderedDict[Caller, deque[list[int]]] = OrderedDict()

    def take(self, caller: Caller) -> None:
        """Count one request.

        Raises:
            RateLimited: the window is full. The request is not counted.
        """
        if not self._enabled:
            return
        now_s = self._clock()
        bucket = int(now_s // RATE_BUCKET_S)
        asked = self._asked.setdefault(caller, deque())
        self._asked.move_to_end(caller)
        # The oldest bucket is partly outside of the window, and counts until all of it is.
        while asked and asked[0][0] < bucket - _BUCKETS:
            asked.popleft()
        most = self._most(caller.counted)
        if sum(count for _, count in asked) >= most:
            opens_s = (asked[0][0] + _BUCKETS + 1) * RATE_BUCKET_S
            raise RateLimited(caller, max(1, int(opens_s - now_s) + 1), most)
        if asked and asked[-1][0] == bucket:
            asked[-1][1] += 1
        else:
            asked.append([bucket, 1])
        while len(self._asked) > self._callers_max:
            self._asked.popitem(last=False)

    def give_back(self, caller: Caller) -> None:
        """Uncount the latest request: its login or registration succeeded."""
        asked = self._asked.get(caller)
        if not asked:
            return
        asked[-1][1] -= 1
        if asked[-1][1] == 0:
            asked.pop()

    def statistics(self) -> dict[str, int]:
        """How many callers are held, for metrics."""
        return {"callers": len(self._asked)}
