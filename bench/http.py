"""Durable check-ins, durable purchases and reads of the own session, 64 connections, over HTTP.

Each answer to a check-in or purchase is fsynced. Check-ins run in rounds, because a patron has one
open session: all patrons check in under load, then are checked out unmeasured.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from bench.kit import (
    HERE,
    BenchNode,
    People,
    a_node,
    door_code,
    free_port,
    now_text,
    progress,
    save,
    wait_for,
)
from bench.wrk import Measured, run_wrk
from lastlight.demo.ids import DEMO_VENUE

PATRONS = 500
ROUNDS = 3
SECONDS = 10
CHECK_IN_SECONDS = 2

_LUA = """
local tokens = { %s }
local thread_count = 0
function setup(thread) thread:set("id", thread_count); thread_count = thread_count + 1 end
local at = 0
"""

_READ = (
    _LUA
    + """
local visits = { %s }
function request()
  at = at + 1
  local n = (at * 2 + id) %% #tokens + 1
  local headers = {["authorization"] = "Bearer " .. tokens[n]}
  return wrk.format("GET", "/api/sessions/" .. visits[n], headers)
end
"""
)

_BALANCE = (
    _LUA
    + """
function request()
  at = at + 1
  local n = (at * 2 + id) %% #tokens + 1
  local headers = {["authorization"] = "Bearer " .. tokens[n]}
  return wrk.format("GET", "/api/transactions/credits", headers)
end
"""
)

_PURCHASE = (
    _LUA
    + """
function request()
  at = at + 1
  local n = (at * 2 + id) %% #tokens + 1
  return wrk.format("POST", "/api/transactions/purchase", {
    ["authorization"] = "Bearer " .. tokens[n], ["content-type"] = "application/json",
    ["idempotency-key"] = "%s-" .. id .. "-" .. at,
  }, '%s')
end
"""
)

_CHECK_IN = (
    _LUA
    + """
function request()
  at = at + 1
  local n = at * 2 - id
  if n > #tokens then wrk.thread:stop(); n = #tokens end
  return wrk.format("POST", "/api/sessions/checkin", {
    ["authorization"] = "Bearer " .. tokens[n], ["content-type"] = "application/json",
    ["idempotency-key"] = "%s-" .. n,
  }, '%s')
end
"""
)


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def check_ins(node: BenchNode, people: People, names: list[str]) -> list[Measured]:
    """Rounds of check-ins of everybody; between them everybody is checked out."""
    rounds = []
    for number in range(ROUNDS):
        if number:
            check_out_all(node, people, names)
        script = check_in_script(node, people, names, f"in{number}")
        rounds.append(run_wrk(node.url, script, seconds=CHECK_IN_SECONDS))
        check_in_rest(node, people, names)
        progress(f"check-ins, round {number + 1}: {rounds[-1].per_second:.0f}/s")
    return rounds


def _check_in_body(node: BenchNode, people: People) -> dict[str, object]:
    return {
        "venue_id": str(DEMO_VENUE),
        "qr_token": door_code(node, people),
        "party_size": 1,
        "activity": "lounge",
        "location": {**HERE, "fix_at": now_text()},
    }


def check_in_script(node: BenchNode, people: People, names: list[str], key: str) -> str:
    """Each patron checks in once; `key` begins the idempotency keys of this round."""
    tokens = _quoted([people.token(name) for name in names])
    return _CHECK_IN % (tokens, key, json.dumps(_check_in_body(node, people)))


def check_in_rest(node: BenchNode, people: People, names: list[str]) -> None:
    """Let in whoever the measured seconds left outside, so that each round begins alike."""

    def enter(name: str) -> None:
        with people.client(node, name) as patron:
            if not patron.get("/api/sessions/active").raise_for_status().json()["items"]:
                answer = patron.post(
                    "/api/sessions/checkin",
                    json=_check_in_body(node, people),
                    headers={"idempotency-key": secrets.token_hex(8)},
                )
                answer.raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, names))


def check_out_all(node: BenchNode, people: People, names: list[str]) -> None:
    """End every open visit, unmeasured."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: _check_out(node, people, name), names))


def _check_out(node: BenchNode, people: People, name: str) -> None:
    with people.client(node, name) as patron:
        for visit in patron.get("/api/sessions/active").raise_for_status().json()["items"]:
            patron.post(f"/api/sessions/{visit['session_id']}/checkout", json={}).raise_for_status()


def _visits(node: BenchNode, people: People, names: list[str]) -> list[str]:
    def visit_of(name: str) -> str:
        with people.client(node, name) as patron:
            items = patron.get("/api/sessions/active").raise_for_status().json()["items"]
            return str(items[0]["session_id"])

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(visit_of, names))


def session_script(node: BenchNode, people: People, names: list[str]) -> str:
    """Each patron in turn reads their own open session."""
    tokens = _quoted([people.token(name) for name in names])
    return _READ % (tokens, _quoted(_visits(node, people, names)))


def balance_script(people: People, names: list[str]) -> str:
    """Each patron in turn reads their own balance."""
    return _BALANCE % _quoted([people.token(name) for name in names])


def _item(node: BenchNode, people: People) -> str:
    with people.client(node, "patron1") as patron:
        answer = patron.get(f"/api/inventory/items?venue_id={DEMO_VENUE}&limit=100")
        items = answer.raise_for_status().json()["items"]
    plain = [item for item in items if not item["alcohol"]]
    return str(min(plain, key=lambda item: item["price_minor"])["item_id"])


def purchase_script(node: BenchNode, people: People, names: list[str]) -> str:
    """Each patron in turn buys one of the cheapest things, each time with a fresh key."""
    order = {
        "venue_id": str(DEMO_VENUE),
        "lines": [{"item_id": _item(node, people), "qty": 1}],
        "tender": "credits",
    }
    tokens = _quoted([people.token(name) for name in names])
    return _PURCHASE % (tokens, secrets.token_hex(4), json.dumps(order))


def ceiling() -> Measured:
    """The same server answering a constant, in the same minute."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.constant", str(port)])
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(url)
        return run_wrk(url, "", seconds=5)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Measure and save."""
    top = ceiling()
    progress(f"a constant: {top.per_second:.0f}/s")
    with a_node() as node:
        people = People.of(node)
        names = [f"patron{n}" for n in range(1, PATRONS + 1)]
        ins = check_ins(node, people, names)
        read = run_wrk(node.url, session_script(node, people, names), seconds=SECONDS)
        progress(f"reads of the own session: {read.per_second:.0f}/s")
        purchase = run_wrk(node.url, purchase_script(node, people, names), seconds=SECONDS)
        progress(f"purchases: {purchase.per_second:.0f}/s")
    figures: dict[str, object] = {"constant per second": round(top.per_second)}
    kinds = (
        ("check-in, patrons cold", ins[0]),
        ("check-in, patrons resident", ins[-1]),
        ("purchase", purchase),
        ("read of the own session", read),
    )
    for name, measured in kinds:
        figures[f"{name} per second"] = round(measured.per_second)
        figures[f"{name}, of a constant's rate"] = round(measured.per_second / top.per_second, 2)
        figures[f"{name} p50/p90/p99/max ms"] = (
            f"{measured.p50_ms:.1f} / {measured.p90_ms:.1f}"
            f" / {measured.p99_ms:.1f} / {measured.max_ms:.1f}"
        )
        figures[f"{name} errors"] = measured.errors
    save("http", figures)
