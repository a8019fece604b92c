"""A peer in a process of its own, on a database of the test run, and somebody who asks it."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx

from bench.database import program, run_sql
from bench.peer import Stored
from bench.peers.serving import ProcessPeer, express, fastapi
from bench.peers.store import Store
from bench.town import Town
from protocol.codec import decode, parse_json, to_json

AT_ONCE = 6
_EMPTY = "drop schema public cascade; drop schema runtime cascade; create schema public"


@attrs.define(eq=False)
class StoreOfTests(Store):
    """A fresh database on the server of the test run, without our tables."""

    made: str = ""

    @property
    def url(self) -> str:
        """Where it is."""
        return self.made

    def start(self) -> None:
        """Nothing is to be started."""
        run_sql(self.made, _EMPTY)


@attrs.frozen
class Client:
    """Asks one peer as the patrons of its town."""

    peer: ProcessPeer
    town: Town
    http: httpx.Client

    def post(
        self, path: str, n: int, body: object, key: str | None = None, *, timeout: float = 30
    ) -> httpx.Response:
        """One request with a key, fresh if none is given."""
        headers = {"authorization": f"Bearer {self.town.token(n)}"}
        headers["idempotency-key"] = key or secrets.token_hex(8)
        return self.http.post(path, json=body, headers=headers, timeout=timeout)

    def check_in(self, n: int, key: str | None = None, **changes: object) -> httpx.Response:
        """The n-th patron comes in at home."""
        body = {**self.town.check_in(self.town.home_of(n)), **changes}
        return self.post("/api/sessions/checkin", n, body, key)

    def buy(self, n: int, key: str | None = None, **changes: object) -> httpx.Response:
        """The n-th patron buys the cheapest thing at home."""
        body = {**self.town.order(self.town.home_of(n)), **changes}
        return self.post("/api/transactions/purchase", n, body, key)

    def read(self, n: int, session: str) -> httpx.Response:
        """The n-th patron looks at a session."""
        headers = {"authorization": f"Bearer {self.town.token(n)}"}
        return self.http.get(f"/api/sessions/{session}", headers=headers)

    def sql(self, statement: str) -> str:
        """Change or look at what is stored."""
        return run_sql(self.peer.database_url, statement)

    def gained(self, do: Callable[[], object]) -> Stored:
        """What came into the store by something."""
        before = self.peer.stored()
        do()
        return self.peer.stored().since(before)


@contextmanager
def a_peer(kind: str, database_url: str, folder: Path) -> Iterator[Client]:
    """A peer with a town of two venues."""
    peer = {"express": express, "fastapi": fastapi}[kind]()
    peer.connections = AT_ONCE
    peer.make_store = lambda folder: StoreOfTests(folder, made=database_url)
    town = Town(venues=2, patrons=60)
    try:
        peer.start(folder, town)
        with httpx.Client(base_url=peer.base_url, timeout=30) as http:
            yield Client(peer, town, http)
    finally:
        peer.stop()


@contextmanager
def a_conversation(url: str) -> Iterator[tuple[Callable[[str], object], Callable[[], str]]]:
    """Somebody at the database, told lines and answering in lines, who rolls back at the end."""
    argv = [str(program("psql")), url, "-X", "-q", "-A", "-t"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as talk:
        assert talk.stdin is not None
        assert talk.stdout is not None
        answers = talk.stdout
        yield talk.stdin.write, lambda: answers.readline().strip()


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal, whose document is looked at by the way."""
    assert answer.headers["content-type"].startswith("application/problem+json")
    told: Mapping[str, Any] = answer.json()
    assert (told["status"], told["type"]) == (
        answer.status_code,
        f"urn:lastlight:problem:{told['code']}",
    )
    return str(told["code"])


def same(reply: type[object], answer: httpx.Response) -> Any:
    """The answer, once it is what our own codec reads and would write."""
    read = decode(reply, parse_json(answer.content))
    assert json.loads(to_json(read)) == answer.json()
    return read


def at_once(ask: Callable[[int], httpx.Response], count: int = AT_ONCE) -> list[httpx.Response]:
    """The same question, or the like, by so many at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))
