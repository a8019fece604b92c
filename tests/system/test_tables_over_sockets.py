"""A register of a hundred thousand lines as a table, over a real socket out of real tables."""

from __future__ import annotations

import socket
from typing import Final

import psutil  # type: ignore[import-untyped]
import trio

from tests.system.books import reading
from tests.system.guests import VENUE, Front, Person
from tests.system.harness import NodeProcess, wait_until

LINES: Final = 100_000
GROWS_BYTES_MAX: Final = 40 * 1024**2
"""The table has 30 MB, and several times that as objects; what is read at once has 0.3 MB."""
PATH: Final = f"/api/safety/logs?venue_id={VENUE}"
_READING: Final = """
select count(*) from pg_stat_activity
where application_name = 'lastlight reader' and xact_start is not null
"""
_FILL: Final = f"""
set session_replication_role = replica;
set statement_timeout = 0;
insert into safety_logs (
    id, venue_id, seq, kind, level, signs, notes, by_user, occurred_at, received_at, prev_hash, hash
)
select
    ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{VENUE}', 1000 + n,
    'observation', 1, '{{}}', 'line ' || n || repeat(' of a long night', 6), gen_random_uuid(),
    now(), now(), '\\x00', '\\x00'
from generate_series(1, {LINES}) as n;
set session_replication_role = default;
reset statement_timeout;
"""


async def test_a_long_register_is_streamed_in_little_memory(
    node: NodeProcess, front: Front
) -> None:
    """Whoever exports a year of safety must not take the node's memory for it."""
    manager = await front.sign_in("manager")
    async with reading(node.database_url) as connection:
        await connection.execute(_FILL, timeout_s=120)
        headers = {"authorization": f"Bearer {manager.token}", "accept": "text/csv"}
        process = psutil.Process(node.process.pid)
        lines, most_bytes = 0, 0
        async with front.http.stream("GET", PATH, headers=headers, timeout=120) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert "content-length" not in answer.headers
            before_bytes = process.memory_info().rss
            async for chunk in answer.aiter_bytes():
                lines += chunk.count(b"\n")
                most_bytes = max(most_bytes, process.memory_info().rss)
        assert lines >= LINES + 1
        assert most_bytes - before_bytes < GROWS_BYTES_MAX
        assert await connection.fetchval(_READING) == 0


def _request(node: NodeProcess, person: Person) -> socket.socket:
    """Ask for the table, and read nothing of it."""
    asking = socket.create_connection(("127.0.0.1", node.port))
    words = [
        f"GET {PATH} HTTP/1.1", "host: localhost", "accept: text/csv",
        f"authorization: Bearer {person.token}", "", "",
    ]  # fmt: skip
    asking.sendall("\r\n".join(words).encode())
    return asking


async def test_who_goes_away_takes_no_snapshot_along(node: NodeProcess, front: Front) -> None:
    """A snapshot that nobody reads keeps old rows alive and one of few connections busy."""
    manager = await front.sign_in("manager")
    async with reading(node.database_url) as connection:
        await connection.execute(_FILL, timeout_s=120)

        async def are_reading(count: int) -> bool:
            return bool(await connection.fetchval(_READING) == count)

        asking = _request(node, manager)
        first = await trio.to_thread.run_sync(asking.recv, 200)
        assert first.startswith(b"HTTP/1.1 200")
        await wait_until(lambda: are_reading(1), within_s=10)
        asking.close()
        await wait_until(lambda: are_reading(0), within_s=10)
        # Others are answered, and out of the same few connections.
        await front.need(200, manager, "GET", PATH)
