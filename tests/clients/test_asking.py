"""What the reference client does with answers that leave it unsure: it asks again, with its key."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from tests.clients.javascript import HERE, run_script


def problem(status: int, code: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """An answer of no."""
    return status, {"status": status, "code": code, "title": code, **more}


DONE = (201, {"ok": True})
HANG_UP: tuple[int, dict[str, Any]] = (0, {})


@attrs.define
class Scripted:
    """Answers each request with the next of its answers, and remembers what was asked."""

    answers: list[tuple[int, dict[str, Any]]]
    asked: list[tuple[str, str | None, str | None]] = attrs.field(factory=list)
    port: int = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        held = b""
        while data := await stream.receive_some(65536):
            held += data
            head, end, body = held.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            fields = {
                name.lower(): value for name, _, value in (x.partition(": ") for x in lines[1:])
            }
            if not end or len(body) < int(fields.get("content-length", "0")):
                continue
            held = b""
            self.asked.append(
                (lines[0].split()[1], fields.get("idempotency-key"), fields.get("authorization"))
            )
            status, answer = self.answers.pop(0)
            if status == 0:
                await stream.aclose()
                return
            told = json.dumps(answer).encode()
            await stream.send_all(
                b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(told), told)
            )


@asynccontextmanager
async def open_scripted(*answers: tuple[int, dict[str, Any]]) -> AsyncIterator[Scripted]:
    """A server with answers to give."""
    made = Scripted([*answers])
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        made.port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, made.serve, listeners)
        yield made
        nursery.cancel_scope.cancel()


async def ask(server: Scripted, *paths: str) -> list[Any]:
    """What came of requests to these paths, one after the other."""
    url = f"http://127.0.0.1:{server.port}"
    return await run_script(HERE / "asking.ts", *paths, settings={"NODE_URL": url})


@pytest.mark.parametrize(
    "unsure",
    [
        problem(504, "outcome_unknown"),
        problem(503, "actor_unavailable", retry_after_s=0),
        problem(409, "idempotency_in_progress"),
        problem(429, "rate_limited", retry_after_s=0),
        (502, {}),
        HANG_UP,
    ],
    ids=lambda answer: str(answer[1].get("code", answer[0])),
)
async def test_what_is_unsure_is_asked_again_with_its_key(
    unsure: tuple[int, dict[str, Any]],
) -> None:
    """Nothing is bought twice because an answer was lost, and nothing is given up either."""
    async with open_scripted(unsure, unsure, DONE) as server:
        assert await ask(server, "/buy") == [{"done": {"ok": True}}]
    assert len(server.asked) == 3
    assert len({key for _, key, _ in server.asked}) == 1


async def test_an_answer_of_no_is_final_and_another_wish_has_another_key() -> None:
    """A refusal is shown, not repeated; a bug of the node's is not hammered."""
    no, bug = problem(402, "insufficient_credits"), problem(500, "internal")
    async with open_scripted(no, bug, DONE) as server:
        assert await ask(server, "/a", "/b", "/c") == [
            {"failed": "insufficient_credits"},
            {"failed": "internal"},
            {"done": {"ok": True}},
        ]
    assert len({key for _, key, _ in server.asked}) == 3


async def test_an_ended_token_is_renewed_once_and_the_request_keeps_its_key() -> None:
    """The user notices nothing; a second refusal of a fresh token is an answer."""
    ended = problem(401, "unauthenticated")
    tokens = {"access_token": "second", "refresh_token": "r2", "expires_in": 900}
    async with open_scripted(ended, (200, tokens), DONE, ended, (200, tokens), ended) as server:
        assert await ask(server, "/a", "/b") == [
            {"done": {"ok": True}},
            {"failed": "unauthenticated"},
        ]
    assert [path for path, _, _ in server.asked] == [
        "/a", "/api/auth/refresh", "/a", "/b", "/api/auth/refresh", "/b",
    ]  # fmt: skip
    assert server.asked[0][1] == server.asked[2][1]
    assert [token for _, _, token in server.asked[:3]] == ["Bearer first", None, "Bearer second"]


async def test_who_was_signed_out_is_told_so() -> None:
    """A sign-in that was ended elsewhere leads to the sign-in screen, not to endless tries."""
    ended, used = problem(401, "unauthenticated"), problem(401, "refresh_reused")
    async with open_scripted(ended, used) as server:
        assert await ask(server, "/a", "/b") == [{"failed": "SignedOut"}] * 2
    assert len(server.asked) == 2
