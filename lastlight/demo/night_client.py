"""One person's phone: signs in, stays signed in, and counts whatever comes back.

Nothing is raised for an answer of no, or for none at all: a player looks at the reply and goes on.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import attrs
import httpx
import trio

from lastlight.demo.night_figures import Figures

PASSWORD: Final = "last-light-demo"  # noqa: S105 - of all demo accounts, in the README
RENEW_BEFORE_S: Final = 120.0
NO_ANSWER: Final = "no_answer"

Body = Mapping[str, Any]


@attrs.frozen
class Reply:
    """What came back; `code` is that of a refusal, and `status` 0 if nothing came."""

    status: int
    body: Body
    code: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.code is None


@attrs.define(eq=False)
class Person:
    """An account of the demo; several tasks may use it."""

    http: httpx.AsyncClient
    figures: Figures
    email: str
    user_id: str | None = None
    _access: str | None = None
    _refresh: str | None = None
    _ends_s: float = 0.0
    _renewing: trio.Lock = attrs.field(factory=trio.Lock)

    async def sign_in(self) -> bool:
        """Sign in with the demo's password."""
        said = {"email": self.email, "password": PASSWORD}
        reply = await self._send("POST", "/api/auth/login", json=said)
        if reply.ok:
            self._keep(reply.body)
            self.user_id = str(reply.body["user"]["user_id"])
        return reply.ok

    async def token(self) -> str | None:
        """An access token that lives for two more minutes, or None if there is none to be had."""
        async with self._renewing:
            if self._access is not None and trio.current_time() > self._ends_s - RENEW_BEFORE_S:
                await self._renew()
        return self._access

    async def _renew(self) -> None:
        said = {"refresh_token": self._refresh}
        reply = await self._send("POST", "/api/auth/refresh", json=said)
        if reply.ok:
            self._keep(reply.body)
        elif reply.status == 401:
            await self.sign_in()

    async def get(self, path: str, **query: str) -> Reply:
        """Ask for something."""
        return await self._signed("GET", path, params=query)

    async def post(self, path: str, body: Body | None = None) -> Reply:
        """Have something done, with a fresh idempotency key."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return await self._signed("POST", path, json=body or {}, headers=headers)

    async def _signed(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **request: Any
    ) -> Reply:
        token = await self.token()
        if token is None:
            return Reply(401, {}, "unauthenticated")
        signed = {**(headers or {}), "Authorization": f"Bearer {token}"}
        return await self._send(method, path, headers=signed, **request)

    async def _send(self, method: str, path: str, **request: Any) -> Reply:
        began = trio.current_time()
        try:
            answer = await self.http.request(method, path, **request)
        except httpx.HTTPError:
            reply = Reply(0, {}, NO_ANSWER)
        else:
            reply = _read(answer)
        self.figures.answered(trio.current_time() - began, reply.code)
        return reply

    def _keep(self, body: Body) -> None:
        self._access = str(body["access_token"])
        self._refresh = str(body["refresh_token"])
        self._ends_s = trio.current_time() + float(body["expires_in"])


def _read(answer: httpx.Response) -> Reply:
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Reply(answer.status_code, {}, f"http_{answer.status_code}_without_json")
    if answer.is_success:
        return Reply(answer.status_code, body)
    return Reply(answer.status_code, body, str(body.get("code", f"http_{answer.status_code}")))
