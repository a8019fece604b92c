"""What answers say of money, against the sequential model of wallets.

Each command that was answered did to its wallet what its row of Rule 9 says, once, and its answer
tells the balance that followed. All answers that the journal holds are judged, heard or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from protocol.entries import Entry
from protocol.records.money import Transaction
from protocol.records.money_states import (
    IdempotencyStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.platform import IdempotencyKey
from tests.simulation.oracle.wallets import Books, Wallet

MONEY: Final = "POST /api/transactions"
MAKING: Final = {
    f"{MONEY}/purchase": "transaction_id",
    f"{MONEY}/topup": "transaction_id",
    f"{MONEY}/transfer": "transaction_id",
    f"{MONEY}/grant": "transaction_id",
    f"{MONEY}/{{transaction_id}}/tip": "transaction_id",
    f"{MONEY}/adjustments": "transaction_id",
    f"{MONEY}/holds/{{hold_id}}/settle": "transaction_id",
    f"{MONEY}/holds": "hold_id",
    f"{MONEY}/{{transaction_id}}/refund": "refund_id",
}
"""Routes whose answer names what the request has made."""
ASKED_FOR: Final = (
    TransactionKind.PURCHASE,
    TransactionKind.TOPUP,
    TransactionKind.GRANT,
    TransactionKind.TIP,
)
OF_ITSELF: Final = ("reservation", "late_payment", "demo fixture")
"""Reasons of such transactions that follow from something else than a request for them."""
Body = Mapping[str, Any]


class Answers:
    """All answers about money, as far as the journal is read."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.made: dict[str, str] = {}
        """What a request has made, by its id, and the request's key."""
        self.places: dict[str, int] = {}
        """Where each key was answered."""

    def take(self, place: int, entry: Entry) -> None:
        """The next entry, which the books have taken."""
        for row in entry.changes:
            if not isinstance(row, IdempotencyKey) or row.status is not IdempotencyStatus.DONE:
                continue
            self.places.setdefault(row.key, place)
            answer = row.response or {}
            body = answer.get("body")
            if answer and answer["status"] < 300 and isinstance(body, dict):
                self._judge(row, body, entry)

    def _judge(self, row: IdempotencyKey, body: Body, entry: Entry) -> None:
        if (told := body.get("balance")) is not None:
            state = self._wallet(row.actor_id).states[-1]
            stands = (state.available_minor(entry.at), state.held_minor)
            assert (told["available_minor"], told["held_minor"]) == stands, (
                f"{row.key} was told {told}, and the wallet stands at {state}"
            )
        route = f"{row.method} {row.route}"
        if (name := MAKING.get(route)) is not None and (id_ := body[name]) is not None:
            key = self.made.setdefault(id_, row.key)
            assert key == row.key, f"{key} and {row.key} were both told of {name} {id_}"
        if (check := CHECKS.get(route)) is not None:
            check(self.books, body)

    def _wallet(self, user_id: UUID) -> Wallet:
        (wallet,) = (one for (who, _), one in self.books.wallets.items() if who == user_id)
        return wallet

    def assert_nothing_unasked(self) -> None:
        """When all is quiet, whatever was posted was asked for by somebody who has an answer."""
        for id_, row in self.books.transactions.items():
            if row.kind in ASKED_FOR and row.status is TransactionStatus.POSTED:
                # Rule 4: a fault that staff report gives the last play back.
                a_play_back = row.reason == "game_fault" and row.about_id is not None
                of_itself = row.reason in OF_ITSELF or a_play_back
                assert of_itself or str(id_) in self.made, f"nobody was told of this: {row}"


def _credit(books: Books, transaction_id: UUID) -> int:
    return sum(one.credit_minor for one in books.of_transaction[transaction_id])


def _of(books: Books, body: Body) -> tuple[Transaction, int]:
    """The transaction that an answer names, and what it moved in its wallet."""
    id_ = UUID(body["transaction_id"])
    return books.transactions[id_], _credit(books, id_)


def _purchase(books: Books, body: Body) -> None:
    row, moved = _of(books, body)
    from_credits = row.tender is Tender.CREDITS and body["status"] == "posted"
    wanted = -(body["total_minor"] + body["tip_minor"]) if from_credits else 0
    assert moved == wanted, f"{body} was told, and the wallet moved by {moved}"


def _top_up(books: Books, body: Body) -> None:
    _, moved = _of(books, body)
    posted = body["status"] == "posted"
    wanted = body["amount_minor"] + body["bonus_minor"] if posted else 0
    assert moved == wanted, f"{body} was told, and the wallet moved by {moved}"


def _gain(books: Books, body: Body) -> None:
    _, moved = _of(books, body)
    assert moved == body["amount_minor"], f"{body} was told, and the wallet moved by {moved}"


def _loss(books: Books, body: Body) -> None:
    _, moved = _of(books, body)
    assert moved == -body["amount_minor"], f"{body} was told, and the wallet moved by {moved}"


def _transfer(books: Books, body: Body) -> None:
    """Both halves, when the giver hears of it: what one has given the other has."""
    row, moved = _of(books, body)
    assert row.about_id is not None
    taken = _credit(books, row.about_id)
    assert (moved, taken) == (-body["amount_minor"], body["amount_minor"]), (body, moved, taken)


def _hold(books: Books, body: Body) -> None:
    held = sum(one.held_minor for one in books.of_source[f"hold:{body['hold_id']}"])
    assert held == body["amount_minor"], f"{body} was told, and {held} were held"


def _settle(books: Books, body: Body) -> None:
    id_ = body["hold_id"]
    taken = -sum(one.held_minor for one in books.of_source[f"capture:{id_}"])
    back = -sum(one.held_minor for one in books.of_source[f"release:{id_}"])
    wanted = (body["captured_minor"], body["released_minor"])
    assert (taken, back) == wanted, f"{body} was told; {taken} were taken, {back} went back"


def _void(books: Books, body: Body) -> None:
    """As if it had never been, with all that was given back of it before."""
    id_ = UUID(body["transaction_id"])
    mirrors = [row.id for row in books.transactions.values() if row.reverses_id == id_]
    # What was captured was held before.
    moves = [one for of in (id_, *mirrors) for one in books.of_transaction[of]]
    moved = sum(one.credit_minor + one.held_minor for one in moves)
    assert moved == 0, f"{body} was told, and {moved} are left of it"


CHECKS: Final[Mapping[str, Callable[[Books, Body], None]]] = {
    f"{MONEY}/purchase": _purchase,
    f"{MONEY}/topup": _top_up,
    f"{MONEY}/grant": _gain,
    f"{MONEY}/{{transaction_id}}/tip": _loss,
    f"{MONEY}/transfer": _transfer,
    f"{MONEY}/holds": _hold,
    f"{MONEY}/holds/{{hold_id}}/settle": _settle,
    f"{MONEY}/{{transaction_id}}/void": _void,
}
"""What an answer says was done, by the route that was asked."""
