"""A node that is told to stop takes its leave: nobody is cut off in the middle of a word."""

from __future__ import annotations

import json

import pytest
import trio
from trio_websocket import ConnectionClosed, open_websocket_url

from protocol.limits import SHUTDOWN_GRACE_S
from tests.system.guests import Front
from tests.system.harness import END_S, NodeProcess

GOING_AWAY = 1001
POLLING = "/socket.io/?EIO=4&transport=polling"
CLOSE = b"1"


async def test_a_connection_is_told_that_the_node_goes_away(node: NodeProcess) -> None:
    """A phone that sees a broken network waits and doubts; one that is told comes back at once."""
    url = f"ws://127.0.0.1:{node.port}/ws"
    with trio.fail_after(END_S):
        async with (
            open_websocket_url(url, subprotocols=["lastlight.v1"]) as socket,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(node.stop)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.get_message()
        # trio-websocket leaves its end open when the server closes first.
        await trio.aclose_forcefully(socket._stream)
    assert closed.value.reason is not None
    assert closed.value.reason.code == GOING_AWAY


async def test_a_poll_that_waits_is_answered_before_the_node_goes(
    node: NodeProcess, front: Front
) -> None:
    """A phone behind an old proxy polls: it learns at once that it has to come again.

    So does one that has not said who it is. The node does not wait until their polls run out.
    """
    person, http = await front.sign_in("patron20"), front.http
    lines = []
    for packet in ("40" + json.dumps({"token": person.token}), ""):
        line = f"{POLLING}&sid={json.loads((await http.get(POLLING)).text[1:])['sid']}"
        if packet:
            assert (await http.post(line, content=packet)).text == "ok"
            assert (await http.get(line)).text.startswith("40{")
        lines.append(line)
    answers: list[bytes] = []
    with trio.fail_after(END_S):
        async with trio.open_nursery() as nursery:
            for line in lines:
                stream = await trio.open_tcp_stream("127.0.0.1", node.port)
                await stream.send_all(f"GET {line} HTTP/1.1\r\nhost: node\r\n\r\n".encode())
                nursery.start_soon(_hear_all, stream, answers)
            for _ in range(2):
                # What was sent before was read before this is answered.
                assert (await http.get("/healthz")).status_code == 200
            began = trio.current_time()
            assert await node.stop() == 0, node.tail()
            took = trio.current_time() - began
    assert [answer.rpartition(b"\r\n\r\n")[2] for answer in answers] == [CLOSE, CLOSE]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert took < SHUTDOWN_GRACE_S


async def _hear_all(stream: trio.SocketStream, answers: list[bytes]) -> None:
    """What is said until the node hangs up."""
    heard = b""
    async with stream:
        async for part in stream:
            heard += part
    answers.append(heard)
