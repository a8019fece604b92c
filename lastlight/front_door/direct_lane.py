"""HTTP/1.1 requests that leave no doubt, answered without Hypercorn and Quart.

What is not plain (see `direct_head`) is put back byte for byte and left to the HTTP lane, with all
that follows on the connection; a WebSocket that begins after requests goes to its own. So this lane
is nowhere laxer than the other: it takes less, and `Answering` decides for both. One thing it
refuses itself, as soon as it sees them: lines that end in LF alone (see `strict_lines`).
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from email.utils import formatdate
from functools import lru_cache
from typing import Final

import structlog
import trio

from lastlight.front_door.direct_head import PlainHead, read_head
from lastlight.front_door.opening import BARE_LF, Lane, Upgrade, decide_opening
from lastlight.front_door.patience import Patience
from lastlight.front_door.socket_lane import SocketEndpoint
from lastlight.front_door.stream import DoorStream
from lastlight.web.answering import Answering, BodyTooSlow, Head, malformed
from lastlight.web.http import Response
from lastlight.web.request_ids import fresh_request_id
from protocol.errors import LastLightError
from protocol.limits import HEADER_BYTES_MAX

_RECEIVE_BYTES: Final = 64 * 1024
_BODILESS: Final = frozenset({204, 304})

log = structlog.get_logger("lastlight.front_door")


class DirectLane:
    """One connection, as long as only plain requests come on it. See `serve`.

    Args:
        slow: prefixes of targets whose answers may take long. The HTTP lane reads while it answers,
            so it notices when the client leaves.
    """

    def __init__(
        self,
        answering: Answering,
        stream: DoorStream,
        patience: Patience,
        *,
        sockets: Mapping[str, SocketEndpoint],
        slow: tuple[bytes, ...],
        client: tuple[str, int],
    ) -> None:
        self._answering = answering
        self._stream = stream
        self._patience = patience
        self._sockets = sockets
        self._slow = slow
        self._client = client
        self._scheme = "https" if stream.is_tls else "http"
        self._buffer = b""
        self._reading = trio.CancelScope()
        """One for all requests of the connection, with a deadline only while it waits for a head:
        a scope a request cost more than parsing it."""
        self._is_idle = True
        self._is_ending = False

    def end_when_idle(self) -> None:
        """Take no further request; what is under way is finished."""
        self._is_ending = True
        if self._is_idle:
            self._reading.cancel()

    async def serve(self) -> Lane | Upgrade | None:
        """Answer plain requests until something else comes, or the connection ends.

        Returns:
            Where the connection goes on, with what was not answered put back; None if it has ended.
        """
        handed_on = None
        with self._reading:
            handed_on = await self._serve()
        if handed_on is None:
            await self._stream.aclose()
        return handed_on

    async def _serve(self) -> Lane | Upgrade | None:
        while not self._is_ending:
            end = await self._find_head_end()
            if end is None:
                break
            head = read_head(self._buffer[:end]) if end > 0 else None
            if head is None or head.raw_path.startswith(self._slow):
                return self._hand_on()
            size = end + head.body_bytes
            if len(self._buffer) < size and await self._has_ended_within(size):
                return self._hand_on()
            if not head.keeps_alive and len(self._buffer) > size:
                return self._hand_on()  # more than its last request: refused as a whole
            body, self._buffer = self._buffer[end:size], self._buffer[size:]
            if not await self._answer(head, body):
                break
        return None

    async def _find_head_end(self) -> int | None:
        """Where the head ends that the buffer begins with, 0 if it is no plain one.

        None if no further request comes in time.
        """
        deadline = math.inf
        looked_bytes = 0
        self._is_idle = True
        while True:
            # Only what is new is looked through: a head may come byte by byte.
            end = self._buffer.find(b"\r\n\r\n", max(0, looked_bytes - 3))
            until = end + 1 if end >= 0 else len(self._buffer)
            if BARE_LF.search(self._buffer, max(0, looked_bytes - 1), until):
                await self._refuse("lines of a request's head end in CR LF, not in LF alone")
                return None
            if end >= 0 or len(self._buffer) >= HEADER_BYTES_MAX:
                self._is_idle = False
                self._reading.deadline = math.inf
                return end + 4 if 0 <= end <= HEADER_BYTES_MAX - 4 else 0
            now = trio.current_time()
            if self._buffer and math.isinf(deadline):
                deadline = now + self._patience.headers_s
            self._reading.deadline = min(deadline, now + self._patience.keep_alive_s)
            looked_bytes = len(self._buffer)
            data = await self._stream.receive_some(_RECEIVE_BYTES)
            if not data and self._buffer:
                self._is_idle = False
                return 0
            if not data or self._reading.cancel_called:
                return None
            self._buffer += data

    async def _refuse(self, detail: str) -> None:
        """Say that this is no request, and that nothing after it will be read as one."""
        request_id = fresh_request_id()
        answer = self._answering.finish(None, malformed(detail, request_id), request_id)
        await self._stream.send_all(_first_bytes(answer, keeps_alive=False))
        await self._stream.linger()

    def _hand_on(self) -> Lane | Upgrade:
        verdict = decide_opening(self._buffer, self._sockets)
        if isinstance(verdict, Upgrade) and self._sockets[verdict.path].takes(verdict):
            return verdict
        self._stream.put_back(self._buffer)
        self._buffer = b""
        return Lane.HTTP1

    async def _has_ended_within(self, size: int) -> bool:
        """Wait until `size` bytes are here, or not any longer; whether the client said it is done.

        Who ends in the middle of a request is told so by the other lane.
        """
        with trio.move_on_after(self._answering.settings.body_timeout_s):
            while len(self._buffer) < size:
                data = await self._stream.receive_some(_RECEIVE_BYTES)
                if not data:
                    return True
                self._buffer += data
        return False

    async def _answer(self, plain: PlainHead, body: bytes) -> bool:
        """Answer one request; whether another one may follow."""
        head = Head(
            method=plain.method,
            raw_path=plain.raw_path,
            query_string=plain.query_string,
            headers=plain.headers,
            peer=self._client[0],
            scheme=self._scheme,
        )

        async def read_body() -> bytes:
            if len(body) < plain.body_bytes:
                raise BodyTooSlow
            return body

        request_id = fresh_request_id()
        try:
            answer = await self._answering.answer(head, request_id, read_body)
        except Exception as error:  # noqa: BLE001 - the last resort, as Quart has its own
            answer = self._answering.failed(error, request_id)
        keeps_alive = (
            plain.keeps_alive
            and len(body) == plain.body_bytes
            and not self._is_ending
            and ("connection", "close") not in answer.headers
        )
        await self._stream.send_all(_first_bytes(answer, keeps_alive=keeps_alive))
        if answer.stream is not None:
            await self._send_parts(answer.stream)
        if len(body) < plain.body_bytes:
            await self._stream.linger()
        return keeps_alive

    async def _send_parts(self, parts: AsyncGenerator[bytes, None]) -> None:
        """A body whose length is not known, in chunks; without its end if it has none."""
        try:
            async with aclosing(parts):  # a client that leaves ends the query behind it
                async for part in parts:
                    if part:
                        await self._stream.send_all(b"%x\r\n%s\r\n" % (len(part), part))
        except LastLightError as error:
            log.warning("answer_cut_off", reason=str(error))
            self._stream.abort()
            return
        await self._stream.send_all(b"0\r\n\r\n")


def _first_bytes(answer: Response, *, keeps_alive: bool) -> bytes:
    """The head of an answer, and its body if that is complete.

    Raises:
        ValueError: a header would begin another one, or an answer of somebody else's making.
    """
    lines = [f"HTTP/1.1 {answer.status} "]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.stream is not None:
        lines.append("transfer-encoding: chunked")
    elif answer.status not in _BODILESS:
        lines.append(f"content-length: {len(answer.body)}")
    if not keeps_alive and ("connection", "close") not in answer.headers:
        lines.append("connection: close")
    lines.append(f"date: {_date(int(time.time()))}")
    text = "\r\n".join(lines)
    if not text.count("\n") == text.count("\r") == len(lines) - 1:
        raise ValueError("a header of an answer has a line break")
    return text.encode("latin-1") + b"\r\n\r\n" + answer.body


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """A moment as RFC 9110 5.6.7 writes it."""
    return formatdate(second, usegmt=True)
