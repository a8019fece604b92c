"""What was paid is found again over HTTP: in lists, whole, on a receipt, and in the books."""

from __future__ import annotations

import csv
import io
from typing import Final

from tests.system.guests import VENUE, Front, order

MONEY: Final = "/api/transactions"
HTML: Final = {"accept": "text/html"}
CSV: Final = {"accept": "text/csv"}


async def test_a_purchase_is_listed_shown_whole_and_on_a_receipt(shared_front: Front) -> None:
    """Right after the answer: a query waits until the tables show what was promised."""
    (person,) = await shared_front.patrons(15, 1)
    (other,) = await shared_front.patrons(16, 1)
    item = await shared_front.cheapest(person)
    bought = await shared_front.need(
        201, person, "POST", f"{MONEY}/purchase", order({"item_id": item["item_id"], "qty": 2})
    )
    path = f"{MONEY}/{bought['transaction_id']}"
    page = await shared_front.need(200, person, "GET", f"{MONEY}?kind=purchase&limit=1")
    assert [one["transaction_id"] for one in page["items"]] == [bought["transaction_id"]]
    whole = await shared_front.need(200, person, "GET", path)
    assert whole["amount_minor"] == bought["total_minor"]
    assert [line["refundable_qty"] for line in whole["lines"]] == [2]
    assert whole["tenders"] == [{"tender": "paid", "amount_minor": bought["total_minor"]}]
    assert len(whole["journal_ids"]) == 1
    receipt = await shared_front.need(200, person, "GET", f"{path}/receipt")
    assert (receipt["number"] > 0, receipt["body"]["total_minor"]) == (True, bought["total_minor"])
    printed = await shared_front.send(person, "GET", f"{path}/receipt", headers=HTML)
    assert printed.headers["content-type"].startswith("text/html")
    assert f"Receipt {receipt['number']}" in printed.text
    for hidden in (path, f"{path}/receipt"):
        assert (await shared_front.send(other, "GET", hidden)).status_code == 404


async def test_an_owner_reads_the_books_and_takes_them_along_as_a_table(
    shared_front: Front,
) -> None:
    """The trial balance is zero, and each journal of the table sums to zero (L1, L6)."""
    owner = await shared_front.sign_in("owner")
    page = await shared_front.need(200, owner, "GET", f"{MONEY}/ledger?limit=5")
    assert page["venue_id"] == VENUE
    assert [one["balance_minor"] for one in page["trial_balance"]] == [0]
    assert [entry["seq"] for entry in page["items"]] == [1, 2, 3, 4, 5]
    for earlier, later in zip(page["items"], page["items"][1:], strict=False):
        assert later["prev_hash"] == earlier["hash"]
    patron = await shared_front.sign_in("patron15")
    refused = await shared_front.send(patron, "GET", f"{MONEY}/ledger")
    assert refused.json()["code"] == "forbidden"
    table = await shared_front.send(owner, "GET", f"{MONEY}/ledger?source=topup", headers=CSV)
    assert table.headers["content-type"].startswith("text/csv")
    sums: dict[str, int] = {}
    for row in csv.DictReader(io.StringIO(table.text)):
        sums[row["journal_id"]] = sums.get(row["journal_id"], 0) + int(row["amount_minor"])
    assert len(sums) >= 500
    assert set(sums.values()) == {0}
