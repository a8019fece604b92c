"""A connection of staff that is lost without a word is known to be within five seconds.

The network is cut for real: a filter of the client's own socket drops all that arrives, as a dead
cell would, so nothing is acknowledged and nothing says goodbye. To wait for the kernel takes its
seconds, so all of that is one test.
"""

from __future__ import annotations

import socket as stdlib_socket
import ssl
import struct
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import UUID

import trio

from lastlight.front_door.stream import DoorStream
from lastlight.realtime.attending import Attending
from lastlight.realtime.hub import Member
from protocol.addresses import Role
from protocol.limits import PRESENCE_RIGHT_S, STAFF_SILENT_S
from tests.lastlight.dead_cell import cut_off, socket_of
from tests.lastlight.realtime_kit import a_client, a_stage, event, principal, subscribe, user

_AT_ONCE_S = 1.0
IDLE, TOLD, GUEST, POLITE, RUDE = range(1, 6)


class Leaving(Attending):
    """Tells the test who has left, and when."""

    def __init__(self) -> None:
        super().__init__(lambda: datetime.now(UTC))
        self.left_at: dict[UUID, float] = {}
        self._moved = trio.Event()

    def left(self, member: Member) -> None:
        super().left(member)
        self.left_at[member.principal.user_id] = trio.current_time()
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def wait_left(self, *users: int) -> None:
        """Until the last of these is known to be gone."""
        while any(user(n) not in self.left_at for n in users):
            await self._moved.wait()


async def test_somebody_at_work_who_loses_the_network_is_known_to_be_gone_in_seconds() -> None:
    """Idle or in the middle of an alert; a guest's phone is not asked every second.

    Whoever says goodbye, or is reset, is gone at once.
    """
    attending = Leaving()
    async with a_stage(attending=attending) as stage, AsyncExitStack() as stack:
        stage.people[str(GUEST)] = principal(GUEST, Role.PATRON)
        phones = {
            n: await stack.enter_async_context(a_client(stage, str(n)))
            for n in (IDLE, TOLD, GUEST, POLITE, RUDE)
        }
        await subscribe(phones[TOLD])
        assert all(attending.presence.of(user(n)).connected for n in phones)
        began = trio.current_time()
        for n in (IDLE, TOLD, GUEST):
            cut_off(phones[n])
        stage.hub.publish(event(1, 1, size=100))
        await phones[POLITE].aclose()
        linger = struct.pack("ii", 1, 0)
        sock = socket_of(phones[RUDE])
        sock.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_LINGER, linger)
        sock.close()
        with trio.fail_after(PRESENCE_RIGHT_S):
            await attending.wait_left(POLITE, RUDE)
            assert trio.current_time() - began < _AT_ONCE_S
            await attending.wait_left(IDLE, TOLD)
        for n in (IDLE, TOLD):
            standing = attending.presence.of(user(n))
            assert not standing.connected
            assert standing.last_seen_at is not None
        assert attending.presence.of(user(GUEST)).connected
        for n in (IDLE, TOLD, GUEST):
            # They would wait for a goodbye that can't arrive.
            socket_of(phones[n]).close()


async def test_an_encrypted_connection_is_watched_as_well() -> None:
    """The options belong to the socket below; a stream without one has nobody to lose."""
    with stdlib_socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        inner = await trio.open_tcp_stream(*listening.getsockname())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        stream = DoorStream(trio.SSLStream(inner, context, server_side=True))
        stream.watch_closely()
        asked = {
            name: inner.socket.getsockopt(stdlib_socket.IPPROTO_TCP, option)
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            if (option := getattr(stdlib_socket, name, None)) is not None
        }
        assert inner.socket.getsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_KEEPALIVE)
        if "TCP_USER_TIMEOUT" in asked:
            assert asked["TCP_USER_TIMEOUT"] == STAFF_SILENT_S * 1000
        stream.abort()
        stream.watch_closely()
    ours, _ = trio.testing.memory_stream_pair()
    DoorStream(ours).watch_closely()
