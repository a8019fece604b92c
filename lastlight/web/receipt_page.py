"""A receipt as a page to print: one file, nothing loaded from anywhere, no script.

Whatever was written into names and notes stands there as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from protocol.chains import rfc3339
from protocol.replies.ledger import ReceiptView

_DECIMALS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3}
"""Digits behind the point, of currencies that don't have two (ISO 4217)."""
_STYLE: Final = (
    "body{font:14px/1.5 ui-monospace,monospace;max-width:42em;margin:2em auto;padding:0 1em}"
    "table{width:100%;border-collapse:collapse}td,th{padding:.2em 0;text-align:left}"
    "td:last-child,th:last-child{text-align:right}tfoot td{border-top:1px solid;font-weight:bold}"
    "small{word-break:break-all}@media print{body{margin:0}}"
)


def receipt_page(receipt: ReceiptView) -> str:
    """The whole page as HTML."""
    body, currency = receipt.body, str(receipt.body.get("currency", ""))
    title = f"Receipt {receipt.number}"
    head = "".join(
        f"<p>{escape(line)}</p>"
        for line in (
            receipt.venue_address,
            f"Tax number {receipt.venue_tax_id}" if receipt.venue_tax_id else None,
            f"Business day {body.get('business_day', '')}",
            f"Issued {rfc3339(receipt.issued_at)}",
        )
        if line
    )
    lines = "".join(_row(name, amount, currency) for name, amount in _lines(body))
    tips = _row("Tips", receipt.tips_minor, currency) if receipt.tips_minor else ""
    taxes = "".join(
        _row(f"of which tax at {_percent(int(rate))} %", int(tax), currency)
        for rate, tax in sorted(body.get("tax_by_rate_bp", {}).items())
        if tax
    )
    paid = f"<p>Paid by {escape(str(body['tender']))}</p>" if "tender" in body else ""
    mark = receipt.journal_hash or "nothing was charged"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}, {escape(receipt.venue_name)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(receipt.venue_name)}</h1>{head}<h2>{title}</h2>"
        f"<table><tbody>{lines}{tips}{taxes}</tbody><tfoot>"
        f"{_row('Total', int(body.get('total_minor', 0)) + receipt.tips_minor, currency)}"
        f"</tfoot></table>{paid}"
        f"<small>{receipt.receipt_id}<br>{escape(mark)}</small></body></html>"
    )


def _lines(body: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    for line in body.get("lines", ()):
        yield f"{line['qty']} × {line['name']}", int(line["total_minor"])
    if "time_minor" in body:
        yield "Time", int(body["time_minor"])
    for line in body.get("purchases", ()):
        yield f"{line['qty']} × {line['name']}", int(line["total_minor"])
    if body.get("kind") == "topup":
        yield "Credits", int(body["total_minor"])
        if bonus_minor := int(body.get("bonus_minor", 0)):
            yield f"Bonus credits, free of charge: {bonus_minor}", 0


def _row(name: str, amount_minor: int, currency: str) -> str:
    return f"<tr><td>{escape(name)}</td><td>{_money(amount_minor, currency)}</td></tr>"


def _money(amount_minor: int, currency: str) -> str:
    decimals = _DECIMALS.get(currency, 2)
    sign, digits = "-" if amount_minor < 0 else "", str(abs(amount_minor)).zfill(decimals + 1)
    whole = digits if not decimals else f"{digits[:-decimals]}.{digits[-decimals:]}"
    return escape(f"{sign}{whole} {currency}")


def _percent(rate_bp: int) -> str:
    return f"{rate_bp / 100:g}"
