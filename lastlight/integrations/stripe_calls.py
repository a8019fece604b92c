"""How Stripe is asked: by its own library's async client, on httpx, which finds trio by itself.

The one module that imports `stripe`, and nothing in it blocks the loop. Tries are ours, not the
library's: all of one call fit into PROVIDER_CALL_S and have one key, so that asking again makes
nothing twice. What the library knows of a failure (bodies, headers) goes into no log: an error
names the provider's code alone.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import attrs
import httpx
import stripe
import structlog
import trio

from lastlight.integrations.circuit import Circuit
from lastlight.integrations.payments import ProviderError, ProviderRefused
from lastlight.integrations.stripe_reading import failure_of
from protocol.limits import (
    PROVIDER_CALL_S,
    PROVIDER_CALLS_AT_ONCE_MAX,
    PROVIDER_FAILURES_MAX,
    PROVIDER_PAGE_MOST,
    PROVIDER_REST_S,
)

log = structlog.get_logger(__name__)
Asked: TypeAlias = Callable[[], Awaitable[stripe.StripeObject]]
"""One request; made anew for each try."""
AGAIN_S: Final = (0.2, 0.8)
"""Waits between the tries of one call."""
_REFUSALS: Final = frozenset({400, 402, 404})
"""Statuses by which it says no and will say so again. 401 and 403 are none: a key that is wrong is
the operator's trouble, and a refund must wait for it, not fail by it."""
_KEY_IS_WRONG: Final = frozenset({401, 403})
_GONE: Final = 404


@attrs.frozen
class Gone(ProviderRefused):
    """The provider has nothing of this name."""


@asynccontextmanager
async def open_stripe(
    api_key: str, api_base: str, *, call_s: float = PROVIDER_CALL_S
) -> AsyncIterator[StripeCalls]:
    """A client with a key. Nothing is asked yet; a call may take `call_s`, tries and all."""
    # It would log answers, and secrets of payments are in them.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    stripe.enable_telemetry = False
    limits = httpx.Limits(max_connections=PROVIDER_CALLS_AT_ONCE_MAX)
    async with httpx.AsyncClient(timeout=call_s, limits=limits) as http:
        client = stripe.StripeClient(
            api_key,
            http_client=_Http(http),
            base_addresses={"api": api_base},
            max_network_retries=0,
        )
        yield StripeCalls(client.v1, call_s)


class _Http(stripe.HTTPXClient):
    """The library's httpx client over one of ours: with our bounds, and without its deprecated way
    to send a body."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        stripe.HTTPClient.__init__(self)
        self._client_async = http

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._client_async.request(
                method, url, headers=headers, content=post_data or b""
            )
        except httpx.HTTPError as error:
            # Its text may name what was sent.
            name = type(error).__name__
            raise stripe.APIConnectionError(name) from None  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers


@attrs.frozen(eq=False)
class StripeCalls:
    """Asks, a bounded number at once, and not at all while nobody is there. `v1` has the calls."""

    v1: Any = attrs.field(repr=False)
    _call_s: float
    _places: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(PROVIDER_CALLS_AT_ONCE_MAX)
    )
    _circuit: Circuit = attrs.field(
        factory=lambda: Circuit(failures_max=PROVIDER_FAILURES_MAX, rest_s=PROVIDER_REST_S)
    )

    @property
    def rests(self) -> bool:
        """Whether it is left alone, as it did not answer some times in a row."""
        return self._circuit.rests

    async def ask(self, call: Asked) -> Mapping[str, Any]:
        """An answer in the time of a call, tries and the wait for a place counted in.

        Raises:
            ProviderRefused: it said no; Gone if there is nothing of this name.
            ProviderError: it said nothing, or that it could not.
        """
        if not self._circuit.let_through():
            raise ProviderError("it did not answer lately, so it is left alone for a moment")
        with trio.move_on_after(self._call_s):
            async with self._places:
                return await self._tried(call)
        self._circuit.failed()
        raise ProviderError(f"no answer in {self._call_s:g} s")

    async def listed(
        self, service: Any, params: Mapping[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """All of a list, page by page; each page is a call of its own."""
        asked = {**params, "limit": PROVIDER_PAGE_MOST}
        while True:
            page = await self.ask(lambda: service.list_async(asked))  # noqa: B023 - called at once
            rows = page.get("data") or ()
            for row in rows:
                yield row
            if not page.get("has_more") or not rows:
                return
            asked = {**asked, "starting_after": rows[-1]["id"]}

    async def _tried(self, call: Asked) -> Mapping[str, Any]:
        for wait_s in (*AGAIN_S, None):
            try:
                answer = await call()
            except stripe.StripeError as error:
                status, reason = error.http_status, _reason_of(error)
            else:
                self._circuit.answered()
                return answer.to_dict()
            if status in _REFUSALS:
                self._circuit.answered()
                raise Gone(reason) if status == _GONE else ProviderRefused(reason)
            if wait_s is None or status in _KEY_IS_WRONG:
                break
            await trio.sleep(wait_s)
        self._circuit.failed()
        log.warning("provider_failed", status=status, reason=reason)
        raise ProviderError(reason)


def _reason_of(error: stripe.StripeError) -> str:
    """The provider's own code for it; its text may have in it what was sent."""
    body = error.json_body
    about = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(about, Mapping) and (reason := failure_of(about)) is not None:
        return reason
    if isinstance(error, stripe.APIConnectionError):
        return f"unreachable, {error.user_message}"
    return f"status {error.http_status}"
