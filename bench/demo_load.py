"""The demo venue under load by wrk: scripts of purchases and reads, and who comes and goes."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor

from bench.kit import (
    HERE,
    BenchNode,
    People,
    door_code,
    now_text,
)
from lastlight.demo.ids import DEMO_VENUE

PATRONS = 500

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


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def check_in_body(node: BenchNode, people: People) -> dict[str, object]:
    """Who is at the door of the demo venue now."""
    return {
        "venue_id": str(DEMO_VENUE),
        "qr_token": door_code(node, people),
        "party_size": 1,
        "activity": "lounge",
        "location": {**HERE, "fix_at": now_text()},
    }


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
