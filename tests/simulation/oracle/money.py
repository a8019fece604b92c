"""Money as it was told, in an order that could have been: the model of wallets, and looks at them.

A look at a wallet tells a state in which it truly stood. The order of all is the journal's, and by
it whoever asked after somebody else was answered comes after them, whoever's wallets they were
(linearizable): a gift that was answered is there for its receiver.
"""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import attrs

from tests.simulation.clients import entry_of
from tests.simulation.gathering import Looked
from tests.simulation.night import Night
from tests.simulation.oracle.wallet_answers import Answers
from tests.simulation.oracle.wallets import Books, State

NO_CURRENCY = "X" * 3
"""What a wallet has that nothing was ever put into."""


@attrs.frozen(kw_only=True)
class Told:
    """Something that was answered, and the first and last place of the journal that it fits."""

    began: int
    ended: int
    first: int
    last: int
    words: str


def assert_money_is_as_told(night: Night) -> None:
    """To be asked when all is flushed, with `night.answered` and `night.looks`, which grow."""
    books = Books()
    answers = Answers(books)
    place = 0
    for place, data in enumerate(night.world.disk.known()):
        entry = entry_of(data)
        books.take(place, entry)
        answers.take(place, entry)
    answers.assert_nothing_unasked()
    told = [_place_of(look, books, place) for look in night.looks if _has_money(look)]
    for one in night.answered:
        # Help may be promised before its venue knows of it (Rule 8), and moves no money.
        urgent = one.sent.path.startswith(("/api/emergency/", "/api/safety/help-requests"))
        if not urgent and (at := answers.places.get(one.sent.key)) is not None:
            words = f"{one.sent}"
            told.append(Told(began=one.began, ended=one.ended, first=at, last=at, words=words))
    assert_in_order(told)


def assert_in_order(told: list[Told]) -> None:
    """What was answered before something else was asked does not come after it."""
    ended = sorted(told, key=lambda one: one.ended)
    done, floor = 0, None
    for one in sorted(told, key=lambda one: one.began):
        while done < len(ended) and ended[done].ended < one.began:
            if floor is None or ended[done].first > floor.first:
                floor = ended[done]
            done += 1
        assert floor is None or one.last >= floor.first, (
            f"{one.words} was told what was before {floor.words}, which was answered earlier"
        )


def _has_money(look: Looked) -> bool:
    return bool(look.body["currency"] != NO_CURRENCY)


def _place_of(look: Looked, books: Books, end: int) -> Told:
    """From where to where in the journal the wallet stood as it was seen."""
    body = look.body
    states = books.wallets[UUID(body["user_id"]), body["currency"]].states
    spans = [*pairwise(states), (states[-1], None)]
    fitting = [(one, after) for one, after in spans if _fits(one, look)]
    assert fitting, f"the wallet never stood as it was told: {body}"
    after = fitting[-1][1]
    return Told(
        began=look.began,
        ended=look.ended,
        first=fitting[0][0].place,
        last=end if after is None else after.place - 1,
        words=f"the wallet {body}",
    )


def _fits(state: State, look: Looked) -> bool:
    body = look.body
    if (body["ledger_seq"], body["paid_minor"], body["bonus_minor"], body["held_minor"]) != (
        state.seq, state.paid_minor, state.bonus_minor, state.held_minor,
    ):  # fmt: skip
        return False
    lots = {UUID(one["grant_id"]): one["remaining_minor"] for one in body["grants"]}
    if lots != {id_: lot.left_minor for id_, lot in state.lots.items()}:
        return False
    # Bonus may end between the asking and the answer.
    least, most = state.available_minor(look.at), state.available_minor(look.since)
    return least <= int(body["available_minor"]) <= most
