"""What the demo's people wish for, and what its screen counts."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from random import Random

import pytest
from rich.console import Console

from lastlight.demo import night_plan as plan
from lastlight.demo.night_figures import FEED_MAX, HEARD_MAX, Figures, percentile
from lastlight.demo.night_floor import code_at
from lastlight.demo.night_plan import Offer, Step, Visit
from lastlight.demo.night_screen import Screen, summary

MENU = (
    {"item_id": "beer", "alcohol": True, "price_minor": 700},
    {"item_id": "tea", "alcohol": False, "price_minor": 300},
)
GAMES = ({"game_id": "g", "pricing": "play"}, {"game_id": "t", "pricing": "time"})
OFFER = Offer(menu=MENU, games=GAMES, rooms=({"room_id": "r"},))


class Seconds:
    """A clock that goes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_visit_ends_after_its_steps() -> None:
    """Nobody stays for ever, or the house would be full for the rest of the night."""
    visit = Visit(session_id="s", steps_left=0, paused=True)
    assert plan.next_step(Random(1), visit) is Step.LEAVE


def test_who_takes_a_break_comes_back_and_who_is_broke_goes_to_the_till() -> None:
    """Anything else would be refused again and again."""
    assert plan.next_step(Random(1), Visit(session_id="s", paused=True)) is Step.RESUME
    assert plan.next_step(Random(1), Visit(session_id="s", broke=True)) is Step.TOP_UP


def test_every_wish_comes_up_and_breaks_are_rare() -> None:
    """The night should show all of the house."""
    dice, visit = Random(1), Visit(session_id="s")
    wished = [plan.next_step(dice, visit) for _ in range(2_000)]
    assert set(wished) == set(plan.WISHES)
    assert wished.count(Step.PAUSE) < wished.count(Step.DRINK)
    assert all(plan.STEPS_MIN <= plan.steps_of(dice) <= plan.STEPS_MAX for _ in range(50))
    assert {plan.party_of(dice) for _ in range(300)} == {1, 2, 3, 4}


@pytest.mark.parametrize(("alcohol", "item"), [(True, "beer"), (False, "tea")])
def test_an_order_says_what_it_should_cost(alcohol: bool, item: str) -> None:
    """Rule 4: the price on the screen is sent back with the order."""
    prices = {known["item_id"]: known["price_minor"] for known in MENU}
    for seed in range(50):
        order = plan.order_of(Random(seed), OFFER, alcohol=alcohol)
        assert order is not None
        (line,) = order["lines"]
        assert line["item_id"] == item
        assert order["expected_total_minor"] == prices[item] * line["qty"]


def test_where_there_is_nothing_nothing_is_ordered() -> None:
    """The lists may not have been read yet."""
    assert plan.order_of(Random(1), Offer(), alcohol=True) is None
    assert plan.play_of(Random(1), Offer()) is None
    assert {plan.activity_of(Random(n), Offer())["activity"] for n in range(99)} == {
        "lounge",
        "arcade_time",
        "table",
    }


def test_a_karaoke_room_is_named_and_a_game_is_played() -> None:
    """The contract asks for the room."""
    wishes = [plan.activity_of(Random(n), OFFER) for n in range(99)]
    assert {"activity": "karaoke_room", "room_id": "r"} in wishes
    assert {"activity": "arcade_time", "game_id": "t"} in wishes
    order = plan.play_of(Random(1), OFFER)
    assert order is not None
    assert order["lines"][0]["game_id"] == "g"


def test_people_are_inside_or_clearly_outside() -> None:
    """Rule 6 decides by the fence of 150 m; a fix on it would make the night random."""
    for seed in range(50):
        inside = plan.place_of(Random(seed), now="t")
        outside = plan.place_of(Random(seed), now="t", outside=True)
        assert abs(inside["lat"] - plan.LATITUDE) < 0.0005
        assert outside["lat"] - plan.LATITUDE > 0.002


def test_the_door_shows_the_code_of_the_moment() -> None:
    """The list has the next steps too, and old ones until it is read again."""
    codes = [
        {
            "qr_token": f"code{step}",
            "valid_from": f"2026-01-01T20:00:{step * 20:02}.000Z",
            "valid_to": f"2026-01-01T20:00:{step * 20 + 20:02}.000Z",
        }
        for step in (0, 1)
    ]
    at = datetime(2026, 1, 1, 20, 0, 25, tzinfo=UTC)
    assert code_at(codes, at) == "code1"
    assert code_at(codes, at.replace(minute=5)) is None
    assert code_at([], at) is None


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0), ([3], 0.99, 3), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.99, 99)],
)
def test_percentiles_are_values_that_were_measured(
    values: list[float], share: float, expected: float
) -> None:
    """Nearest rank; the definition that people expect."""
    assert percentile(values, share) == expected


def test_rates_are_of_the_last_seconds_and_refusals_of_the_whole_night() -> None:
    """A rate that remembers the start says nothing about now."""
    clock = Seconds()
    figures = Figures(clock)
    clock.now = 20
    figures.answered(0.5, "internal")
    clock.now = 40
    for _ in range(20):
        figures.answered(0.002, None)
    rate = figures.rate()
    assert (rate.per_s, rate.p50_ms, rate.p99_ms) == (2.0, 2.0, 2.0)
    assert figures.refusals == {"internal": 1}
    assert figures.answer_count == 21


def sale(id_: str) -> dict[str, object]:
    return {
        "id": id_,
        "type": "transaction.posted",
        "data": {"kind": "purchase", "amount_minor": 900, "currency": "JPY", "tender": "credits"},
    }


def test_what_two_rooms_say_counts_once() -> None:
    """Owner and manager hear the same sale."""
    clock = Seconds()
    figures = Figures(clock)
    for id_ in ("a", "a", "b"):
        figures.hear(sale(id_))
    assert (figures.sale_count, figures.sales_per_min(), len(figures.feed)) == (2, 2, 1)
    assert figures.feed[-1][1].sentence == "2 sales for JPY 1,800"
    figures.note("somebody sings")
    figures.hear(sale("c"))
    assert figures.feed[-1][1].sentence == "Sold for JPY 900"
    clock.now = 61
    assert figures.sales_per_min() == 0


def test_figures_are_bounded() -> None:
    """The demo may run for a week."""
    figures = Figures(Seconds())
    for number in range(HEARD_MAX + 10):
        figures.hear(sale(str(number)))
        figures.note("somebody sings")
    assert len(figures._heard) == HEARD_MAX
    assert len(figures.feed) == FEED_MAX


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_screen_fits_its_terminal(size: tuple[int, int]) -> None:
    """A screen that is higher than its terminal flickers and hides its foot."""
    figures = Figures(Seconds())
    figures.hear(sale("a"))
    figures.hear({"id": "c", "type": "emergency.sos_raised", "data": None})
    figures.hear(
        {
            "id": "d",
            "type": "venue.occupancy_changed",
            "data": {"present": 3, "sessions": 2, "capacity": 600, "by_activity": {"lounge": 3}},
        }
    )
    taken = {"gross_minor": 900, "currency": "JPY", "business_day": "2026-01-01"}
    figures.hear({"id": "e", "type": "revenue.tick", "data": taken})
    figures.answered(0.001, "internal")
    figures.note("the door is open", "odd")
    figures.actors = {"session": 2, "dead_letters": 0}
    console = Console(width=size[0], height=size[1], record=True, file=io.StringIO())
    console.print(Screen(figures=figures, url="http://127.0.0.1:3000", program="lastlight"))
    shown = console.export_text().splitlines()
    assert len(shown) <= size[1]
    text = "\n".join(shown)
    for words in ("Ctrl-C ends", "3 persons of 600", "JPY 900", "internal", "session 2"):
        assert words in text


def test_the_summary_is_one_line() -> None:
    """Where there is no terminal, logs are read line by line."""
    figures = Figures(Seconds())
    assert "nobody in" in summary(figures)
    figures.answered(0.001, "qr_expired")
    assert summary(figures).endswith("refused: qr_expired=1")
    assert "\n" not in summary(figures)
