"""A node that is told to stop takes its leave: nobody is cut off in the middle of a word."""

from __future__ import annotations

import pytest
import trio
from trio_websocket import ConnectionClosed, open_websocket_url

from tests.system.harness import END_S, NodeProcess

GOING_AWAY = 1001


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
