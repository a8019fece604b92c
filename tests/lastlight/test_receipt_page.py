"""A receipt on paper: all that belongs on it, nothing loaded, nothing that a name smuggles in."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest

from lastlight.web.receipt_page import receipt_page
from protocol.replies.ledger import ReceiptView

SALE = {
    "kind": "purchase",
    "currency": "JPY",
    "business_day": "2026-11-20",
    "tender": "credits",
    "total_minor": 1300,
    "lines": [
        {"name": "Cola", "qty": 2, "total_minor": 600},
        {"name": "<script>alert(1)</script>", "qty": 1, "total_minor": 700},
    ],
    "tax_by_rate_bp": {"1000": 118, "0": 0},
}


def a_receipt(body: dict[str, Any], **values: Any) -> ReceiptView:
    given: dict[str, Any] = {
        "receipt_id": UUID(int=1),
        "number": 17,
        "venue_id": UUID(int=2),
        "venue_name": "Tom & Jerry's",
        "venue_address": "Dogenzaka 1",
        "venue_tax_id": "T123",
        "transaction_id": UUID(int=3),
        "session_id": None,
        "user_id": UUID(int=4),
        "body": body,
        "tips_minor": 0,
        "journal_hash": "ab" * 32,
        "issued_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
    }
    return ReceiptView(**(given | values))


class Seen(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_everything_that_the_contract_asks_for_stands_on_it() -> None:
    """Number, venue and its tax number, day, lines, tax by rate, tips, tender, and the hash."""
    text = " ".join(Seen(receipt_page(a_receipt(SALE, tips_minor=100))).text)
    for wanted in (
        "Receipt 17", "Tom & Jerry's", "Dogenzaka 1", "T123", "2026-11-20", "2 × Cola", "600 JPY",
        "of which tax at 10 % 118 JPY", "Tips 100 JPY", "Total 1400 JPY", "Paid by credits",
        "ab" * 32, "2026-11-20T12:00:00.000Z",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "tax at 0 %" not in text


def test_what_was_written_into_names_is_text() -> None:
    """A menu item's name is the venue's, and a page that prints it must not run it."""
    seen = Seen(receipt_page(a_receipt(SALE)))
    assert {tag for tag, _ in seen.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tbody", "tr",
        "td", "tfoot", "small", "br",
    }  # fmt: skip
    assert not [a for _, attrs in seen.tags for a in attrs if a[0] not in {"lang", "charset"}]
    assert any("<script>alert(1)</script>" in text for text in seen.text)


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "1300 JPY"), ("EUR", "13.00 EUR"), ("KWD", "1.300 KWD")]
)
def test_amounts_have_the_digits_of_their_currency(currency: str, shown: str) -> None:
    """ISO 4217: a yen has no hundredths, a dinar has thousandths."""
    assert f"Total</td><td>{shown}" in receipt_page(a_receipt(SALE | {"currency": currency}))


def test_visits_and_top_ups_have_their_own_lines() -> None:
    """Time and what was bought meanwhile; what was paid in and what came on top."""
    visit = {
        "kind": "visit", "currency": "JPY", "business_day": "2026-11-20", "time_minor": 400,
        "purchases": [{"name": "Cola", "qty": 1, "total_minor": 300}], "total_minor": 700,
    }  # fmt: skip
    page = receipt_page(a_receipt(visit, journal_hash=None, venue_address=None, venue_tax_id=None))
    assert "Time</td><td>400 JPY" in page
    assert "1 × Cola" in page
    assert "Tax number" not in page
    top_up = {"kind": "topup", "currency": "JPY", "total_minor": 1000, "bonus_minor": 50}
    page = receipt_page(a_receipt(top_up))
    assert "Credits</td><td>1000 JPY" in page
    assert "Bonus credits, free of charge: 50" in page


def test_small_amounts_keep_their_point() -> None:
    """Five cents are 0.05, and what goes back has its sign in front."""
    body = SALE | {"currency": "EUR", "total_minor": 5, "lines": [], "tax_by_rate_bp": {}}
    assert "0.05 EUR" in receipt_page(a_receipt(body))
    assert "-0.05 EUR" in receipt_page(a_receipt(body | {"total_minor": -5}))
