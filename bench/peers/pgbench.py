"""The purchase of the peers as a script for pgbench: their very statements, without a server.

What a server would decide between reading and writing is written down beforehand, so the rate is
that of PostgreSQL and the disk.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from bench.town import PRICE_MINOR, Town
from lastlight.demo.ids import Kind

_SQL: Final = Path(__file__).parent / "sql"
_PARAMETER: Final = re.compile(r"(?<!:):([a-z_]+)")
_COMMENT: Final = re.compile(r"^--.*\n", re.MULTILINE)
_TAX_MINOR: Final = PRICE_MINOR * 1_000 // 11_000
_STRIDE: Final = 1_000
"""Between ids of one kind in two venues; see `Town.item_id`."""


def script(town: Town) -> str:
    """Each transaction of the script is one purchase by a random patron, at home."""
    lines = [
        f"\\set n random(1, {town.patrons})",
        f"\\set v (:n - 1) % {town.venues} + 1",
        "\\set r random(1, 1000000000000)",
        "set plan_cache_mode = force_generic_plan;",
    ]
    reading = _filled("purchase_read", _who(town))
    fresh = ", ".join(f"uuidv7() as {name}_id" for name in ("transaction", "journal", "receipt"))
    lines += [
        # The answer's columns become variables of the script, as they are a server's; whoever can't
        # pay has no wallet of version 0, so nothing is written.
        f"select case when paid_minor >= {PRICE_MINOR} then wallet_version else 0 end",
        f"as wallet_version, business_day, session_id, {fresh}",
        f"from ({reading}) as known",
        "\\gset",
        f"{_filled('purchase_write', {**_who(town), **_decided(town)})};",
    ]
    return "\n".join(lines) + "\n"


def _filled(name: str, values: dict[str, str]) -> str:
    """A statement with expressions instead of its parameters, without its comment."""
    text = _COMMENT.sub("", (_SQL / f"{name}.sql").read_text()).strip()
    return _PARAMETER.sub(lambda found: f"({values[found[1]]})", text)


def _text(text: str) -> str:
    """A literal; pgbench would take what follows a colon for a variable."""
    return "'" + text.replace("'", "''").replace(":", "' || chr(58) || '") + "'"


def _id(kind: Kind, number: str) -> str:
    return f"'00000000-0000-7000-8000-{kind:04x}' || lpad(to_hex(({number})::int8), 8, '0')"


def _who(town: Town) -> dict[str, str]:
    patron_1 = town.patron_id(1).int & 0xFFFF_FFFF
    item_1 = town.item_id(1).int & 0xFFFF_FFFF
    item = _id(Kind.MENU_ITEM, f":v - 1) * {_STRIDE} + ({item_1}")
    return {
        "user_id": _id(Kind.USER, f":n - 1 + {patron_1}"),
        "venue_id": _id(Kind.VENUE, ":v"),
        "key": "'k' || :client_id || '-' || :r",
        "item_ids": f"'{{' || {item} || '}}'",
        "item_id": item,
    }


def _decided(town: Town) -> dict[str, str]:
    """What a server works out and what it makes up, as expressions."""
    who = _who(town)
    number = (town.patron_id(1).int & 0xFFFF_FFFF) - 1
    grant = _id(Kind.GRANT, f":n + {number}")
    user_code = f"'user' || chr(58) || {who['user_id']}"
    venue_code = f"'venue' || chr(58) || {who['venue_id']}"
    return {
        "now": "now()",
        "currency": "'JPY'",
        "wallet_version": ":wallet_version",
        "business_day": ":business_day",
        "session_id": "nullif(:session_id, '')",
        "note": "null",
        "transaction_id": ":transaction_id",
        "journal_id": ":journal_id",
        "receipt_id": ":receipt_id",
        "total_minor": str(PRICE_MINOR),
        "tax_minor": str(_TAX_MINOR),
        "paid_minor": str(PRICE_MINOR),
        "bonus_minor": "0",
        "sources": _text(json.dumps([{"grant_id": "x" * 36, "amount_minor": PRICE_MINOR}])),
        "lot_ids": f"'{{' || {grant} || '}}'",
        "lot_amounts": f"array[{PRICE_MINOR}]",
        "stock_ids": who["item_ids"],
        "stock_millis": "array[1000]",
        "line_ids": "array[uuidv7()]",
        "line_items": who["item_ids"],
        "line_names": "array['Water']",
        "line_qtys": "array[1]",
        "line_units": f"array[{PRICE_MINOR}]",
        "line_tax_bps": "array[1000]",
        "line_taxes": f"array[{_TAX_MINOR}]",
        "line_drinks": "array[0]",
        "line_kinds": "array['drink']",
        "posting_ids": "array[uuidv7(), uuidv7(), uuidv7()]",
        "posting_codes": (
            f"array[{user_code} || chr(58) || 'paid', {venue_code} || chr(58) || 'revenue'"
            f" || chr(58) || 'drink', {venue_code} || chr(58) || 'tax']"
        ),
        "posting_amounts": f"array[-{PRICE_MINOR}, {PRICE_MINOR - _TAX_MINOR}, {_TAX_MINOR}]",
        "posting_grants": f"array[{grant}, null, null]",
        "event_ids": "array[uuidv7(), uuidv7()]",
        "event_rooms": f"array[{user_code}, {user_code}]",
        "event_types": "array['transaction.posted', 'credits.balance_changed']",
        "event_venues": f"array[{who['venue_id']}, null]",
        "event_payloads": f"array[{_text(_document(240))}, {_text(_document(150))}]",
        "receipt": _text(_document(330)),
        "response": _text(_document(340)),
        "fingerprint": "'\\x" + "5a" * 32 + "'",
    }


def _document(size: int) -> str:
    """As much JSON as a server writes there."""
    return json.dumps({"text": "x" * size})
