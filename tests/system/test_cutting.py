"""The network that fails where a test says leaves no connection behind."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from tests.system.cutting import open_cutter


@pytest.mark.parametrize("turns", range(12))
async def test_a_cut_ends_a_connection_that_is_still_being_made(turns: int) -> None:
    """However far it has come: one that lived on would be a way around the cut."""
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            nursery.start_soon(trio.serve_listeners, _listen, listeners)
            async with open_cutter(listeners[0].socket.getsockname()[1]) as net:
                app = await trio.open_tcp_stream("127.0.0.1", net.port)
                for _ in range(turns):
                    await trio.lowlevel.checkpoint()
                net.is_away = True
                net.cut()
                async with app:
                    with suppress(trio.BrokenResourceError):  # a reset is an end, too
                        assert await app.receive_some() == b""
            nursery.cancel_scope.cancel()


async def _listen(app: trio.SocketStream) -> None:
    """A node that says nothing, and hangs up when its app does."""
    async with app:
        with suppress(trio.BrokenResourceError):
            while await app.receive_some():
                continue
