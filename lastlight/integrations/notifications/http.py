"""HTTP to a provider: bounded in time and size, HTTP/2 where it is offered, never in a log.

A connection on which an answer did not come in time is given up with all that is on it: over
HTTP/2 every later call would share it, and a peer that froze would freeze them too. Whatever goes
wrong on the way is `TryLater`, because nothing says that it was taken.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import attrs
import httpx
import msgspec
import trio

from lastlight.integrations.notifications.port import TryLater
from protocol.notify_limits import NOTIFY_ANSWER_BYTES_MAX, NOTIFY_AT_ONCE_MAX, NOTIFY_CALL_S

_CLOSE_S: Final = 1.0
_LIMITS: Final = httpx.Limits(max_connections=2 * NOTIFY_AT_ONCE_MAX, keepalive_expiry=60.0)


@attrs.frozen(kw_only=True)
class Answered:
    """What a provider said. `body` is empty where it was no JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    def retry_after_s(self, now: datetime) -> float | None:
        """The header `Retry-After` in seconds, whether it was given in seconds or as a date."""
        given = self.headers.get("retry-after", "").strip()
        if given.isascii() and given.isdigit() and len(given) <= 9:
            return float(given)
        try:
            at = parsedate_to_datetime(given)
        except ValueError:
            return None
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


@attrs.define(eq=False)
class ProviderHTTP:
    """Calls to one provider at `base`. Opened by `open_http`."""

    name: str
    base: str
    call_s: float
    _verify: ssl.SSLContext
    _http2: bool
    _client: httpx.AsyncClient = attrs.field(init=False)
    _under_way: Counter[httpx.AsyncClient] = attrs.field(factory=Counter)

    def __attrs_post_init__(self) -> None:
        self._client = self._new_client()

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            http2=self._http2,
            verify=self._verify,
            timeout=httpx.Timeout(self.call_s),
            limits=_LIMITS,
            follow_redirects=False,
            trust_env=False,
        )

    async def get(self, path: str, *, auth: tuple[str, str] | None = None) -> Answered:
        """Get `base + path`. Raises as `post`."""
        return await self._ask("GET", path, auth=auth)

    async def post(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answered:
        """Post to `base + path`, or to `path` if it is a whole address.

        Raises:
            TryLater: no answer was had in `call_s` seconds, or none that is short enough.
        """
        return await self._ask("POST", path, headers=headers, content=content, form=form, auth=auth)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answered:
        url = path if path.startswith(("https://", "http://")) else self.base + path
        async with self._borrowed() as client:
            with trio.move_on_after(self.call_s):
                try:
                    async with client.stream(
                        method,
                        url,
                        headers={"accept-encoding": "identity", **(headers or {})},
                        content=content,
                        data=form,
                        auth=auth,
                    ) as answer:
                        raw = await _bounded(answer)
                except httpx.TimeoutException:
                    raise self._late(client) from None
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    self._part_with(client)
                    reason = f"{self.name} can't be reached: {type(error).__name__}"
                    raise TryLater(reason=reason) from None
                return Answered(
                    status=answer.status_code, headers=answer.headers, body=_object_in(raw)
                )
            raise self._late(client)

    def _late(self, client: httpx.AsyncClient) -> TryLater:
        self._part_with(client)
        return TryLater(reason=f"{self.name} did not answer in {self.call_s:g} s")

    def _part_with(self, client: httpx.AsyncClient) -> None:
        """Let later calls have connections of their own; calls under way end on the old ones."""
        if self._client is client:
            self._client = self._new_client()

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[httpx.AsyncClient]:
        """The client for one call; the last call on one that was parted with closes it."""
        client = self._client
        self._under_way[client] += 1
        try:
            yield client
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
                if client is not self._client:
                    with trio.move_on_after(_CLOSE_S, shield=True):
                        await client.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        with trio.move_on_after(_CLOSE_S, shield=True):
            await self._client.aclose()


@asynccontextmanager
async def open_http(
    name: str, base: str, *, ca_file: Path | None, http2: bool, call_s: float = NOTIFY_CALL_S
) -> AsyncIterator[ProviderHTTP]:
    """Connections to a provider; `ca_file` takes the place of the machine's own authorities."""
    context = await trio.to_thread.run_sync(_context, ca_file)
    http = ProviderHTTP(name, base.rstrip("/"), call_s, context, http2)
    try:
        yield http
    finally:
        await http.aclose()


def _context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=str(ca_file))


async def _bounded(answer: httpx.Response) -> bytes:
    """The body, or what there is room for: the rest is let go by, for as long as a call may take.

    Nobody's answer here is that long, and one that is cut is no JSON any more.
    """
    raw = bytearray()
    async for chunk in answer.aiter_raw():
        raw += chunk[: NOTIFY_ANSWER_BYTES_MAX - len(raw)]
    return bytes(raw)


def _object_in(raw: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
