"""A request and its answer as the gateway sees them, whatever lane they came by."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

import attrs

Headers = tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, complete. `body` holds at most BODY_BYTES_MAX bytes.

    `path` is percent-decoded once and strictly: what does not decode to UTF-8, or decodes to a
    control character, never gets here. Header names are lower case, in the order received.
    `client` is the address of the nearest party that is not a trusted proxy.
    """

    method: str
    path: str
    query_string: bytes
    headers: Headers
    body: bytes
    client: str
    scheme: str
    request_id: str
    _named: Mapping[str, str] = attrs.field(init=False, eq=False, repr=False)

    @_named.default
    def _by_name(self) -> Mapping[str, str]:
        """The headers as `header` gives them. Ten are asked for, and most requests have fewer."""
        named = dict(self.headers)
        if len(named) < len(self.headers):
            for name in named:
                named[name] = ", ".join(value for key, value in self.headers if key == name)
        return named

    def header(self, name: str) -> str | None:
        """The value of a header (name in lower case), several joined by commas, or None."""
        return self._named.get(name)


@attrs.frozen
class Response:
    """One HTTP answer, complete, or its body in parts from `stream`.

    The front door adds Content-Length, where it is known, and Date.
    """

    status: int
    headers: Headers
    body: bytes = b""
    stream: AsyncGenerator[bytes, None] | None = None


Handler = Callable[[Request], Awaitable[Response]]
