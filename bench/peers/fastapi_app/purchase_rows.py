"""What a purchase writes and answers, once it is decided."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from bench.peers.fastapi_app import deciding
from bench.peers.fastapi_app.ids import fresh_id, spelled
from bench.peers.fastapi_app.rooms import event_columns, told

PORTION_MILLI = 1_000


class Line:
    """A line at the price of the list."""

    def __init__(self, qty: int, item: dict[str, Any]) -> None:
        self.purchase_id = fresh_id()
        self.item = item
        self.qty = qty
        self.total_minor = item["price_minor"] * qty
        bp = item["tax_rate_bp"]
        # Prices include tax; half a unit and more is rounded up.
        self.tax_minor = (2 * self.total_minor * bp + 10_000 + bp) // (2 * (10_000 + bp))

    @property
    def kind(self) -> str:
        """Of revenue."""
        return "drink" if self.item["is_drink"] else "food"


def _postings(
    venue_id: UUID, user_id: UUID, lines: list[Line], parts: list[deciding.Lot]
) -> list[tuple[str, int, str | None]]:
    earned: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        earned[f"venue:{venue_id}:revenue:{line.kind}"] += line.total_minor - line.tax_minor
        earned[f"venue:{venue_id}:tax"] += line.tax_minor
    paid = [(f"user:{user_id}:{part.source}", -part.amount_minor, part.grant_id) for part in parts]
    return [*paid, *((code, minor, None) for code, minor in earned.items() if minor)]


def _receipt(row: Any, lines: list[Line], venue: dict[str, Any], total: int, tax: int) -> bytes:
    by_rate: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        by_rate[str(line.item["tax_rate_bp"])] += line.tax_minor
    return msgspec.json.encode(
        {
            "kind": "purchase",
            "tender": "credits",
            "currency": venue["currency"],
            "business_day": row["business_day"],
            "total_minor": total,
            "tax_minor": tax,
            "tip_minor": 0,
            "tax_by_rate_bp": by_rate,
            "lines": [
                {
                    "name": line.item["name"],
                    "qty": line.qty,
                    "unit_price_minor": line.item["price_minor"],
                    "total_minor": line.total_minor,
                    "tax_rate_bp": line.item["tax_rate_bp"],
                    "tax_minor": line.tax_minor,
                }
                for line in lines
            ],
        }
    )


def _events(row: Any, venue: dict[str, Any], values: dict[str, Any], available: int) -> list[Any]:
    user, venue_id = f"user:{values['user_id']}", values["venue_id"]
    posted = {
        "transaction_id": values["transaction_id"],
        "kind": "purchase",
        "amount_minor": values["total_minor"],
        "tax_minor": values["tax_minor"],
        "currency": venue["currency"],
        "tender": "credits",
        "business_day": row["business_day"],
        "ledger_seq": row["ledger_seq"] + 1,
        "at": spelled(values["now"]),
    }
    balance = {
        "cause": "purchase",
        "currency": venue["currency"],
        "paid_minor": row["paid_minor"] - values["paid_minor"],
        "bonus_minor": row["bonus_minor"] - values["bonus_minor"],
        "held_minor": row["held_minor"],
        "available_minor": available,
        "ledger_seq": row["ledger_seq"] + 1,
    }
    rooms = (user, f"venue:{venue_id}:management", f"venue:{venue_id}:owner")
    return [
        told("transaction.posted", rooms, posted, venue_id),
        told("credits.balance_changed", (user,), balance),
    ]


def _response(row: Any, lines: list[Line], values: dict[str, Any], available: int) -> bytes:
    return msgspec.json.encode(
        {
            "transaction_id": values["transaction_id"],
            "status": "posted",
            "total_minor": values["total_minor"],
            "tax_minor": values["tax_minor"],
            "tip_minor": 0,
            "lines": [
                {
                    "purchase_id": line.purchase_id,
                    "item_id": line.item["id"],
                    "game_id": None,
                    "qty": line.qty,
                    "unit_minor": line.item["price_minor"],
                    "total_minor": line.total_minor,
                    "tax_minor": line.tax_minor,
                }
                for line in lines
            ],
            "balance": {"available_minor": available, "held_minor": row["held_minor"]},
            "expires_at": None,
        }
    )


def values_of(
    row: Any,
    venue_id: UUID,
    note: str | None,
    venue: dict[str, Any],
    user_id: UUID,
    now: datetime,
    lines: list[Line],
    parts: list[deciding.Lot],
) -> dict[str, Any]:
    """What the write statement takes, with the answer and the events."""
    total = sum(line.total_minor for line in lines)
    tax = sum(line.tax_minor for line in lines)
    available = row["paid_minor"] + row["bonus_minor"] - total
    postings = _postings(venue_id, user_id, lines, parts)
    stock: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        if line.item["stocked"]:
            stock[line.item["id"]] += line.qty * PORTION_MILLI
    values: dict[str, Any] = {
        "now": now,
        "user_id": user_id,
        "venue_id": venue_id,
        "currency": venue["currency"],
        "wallet_version": row["wallet_version"],
        "business_day": row["business_day"],
        "session_id": row["session_id"],
        "note": note,
        "transaction_id": fresh_id(),
        "journal_id": fresh_id(),
        "receipt_id": fresh_id(),
        "total_minor": total,
        "tax_minor": tax,
        "paid_minor": deciding.part_of(parts, "paid"),
        "bonus_minor": deciding.part_of(parts, "bonus"),
        "sources": deciding.sources_json(parts),
        "lot_ids": [part.grant_id for part in parts],
        "lot_amounts": [part.amount_minor for part in parts],
        # Always in the same order, so that two orders of the same things never wait for each other.
        "stock_ids": sorted(stock),
        "stock_millis": [stock[item_id] for item_id in sorted(stock)],
        "line_ids": [line.purchase_id for line in lines],
        "line_items": [line.item["id"] for line in lines],
        "line_names": [line.item["name"] for line in lines],
        "line_qtys": [line.qty for line in lines],
        "line_units": [line.item["price_minor"] for line in lines],
        "line_tax_bps": [line.item["tax_rate_bp"] for line in lines],
        "line_taxes": [line.tax_minor for line in lines],
        "line_drinks": [line.item["standard_drinks_milli"] * line.qty for line in lines],
        "line_kinds": [line.kind for line in lines],
        "posting_ids": [fresh_id() for _ in postings],
        "posting_codes": [code for code, _, _ in postings],
        "posting_amounts": [minor for _, minor, _ in postings],
        "posting_grants": [grant_id for _, _, grant_id in postings],
        "receipt": _receipt(row, lines, venue, total, tax).decode(),
    }
    events = _events(row, venue, values, available)
    response = _response(row, lines, values, available).decode()
    return {**values, "response": response, "events": events, **event_columns(events)}
