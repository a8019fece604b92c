"""What people of the demo's night would like to do next. Pure, given the dice.

Some of it is meant to be refused: orders that are too large, breaks in a karaoke room, one more
drink. A night without a no would not show what the rules are for.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

import attrs

LATITUDE: Final = 35.6595
LONGITUDE: Final = 139.7005
INSIDE_DEGREES: Final = 0.0004
"""About 40 m; the fence is at 150 m."""
OUTSIDE_DEGREES: Final = 0.0026
"""About 290 m."""
STEPS_MIN: Final = 8
STEPS_MAX: Final = 30
TOP_UPS_MINOR: Final = (1_000, 3_000, 5_000)


class Step(enum.StrEnum):
    """Something a patron does during a visit."""

    DRINK = "drink"
    SOFT = "soft"
    PLAY = "play"
    SWITCH = "switch"
    PAUSE = "pause"
    RESUME = "resume"
    FIX = "fix"
    LOOK = "look"
    TOP_UP = "top_up"
    LEAVE = "leave"


WISHES: Final[Mapping[Step, int]] = {
    Step.DRINK: 16,
    Step.SOFT: 20,
    Step.PLAY: 14,
    Step.SWITCH: 16,
    Step.PAUSE: 5,
    Step.FIX: 14,
    Step.LOOK: 12,
    Step.TOP_UP: 3,
}
"""How often each is wished for, against the others."""


@attrs.define(eq=False, kw_only=True)
class Visit:
    """A visit as its patron knows it."""

    session_id: str
    party_size: int = 1
    steps_left: int = STEPS_MIN
    paused: bool = False
    broke: bool = False
    """The last answer was that the credit does not suffice."""


@attrs.frozen(kw_only=True)
class Offer:
    """What a venue has, as its lists say."""

    menu: Sequence[Mapping[str, Any]] = ()
    games: Sequence[Mapping[str, Any]] = ()
    rooms: Sequence[Mapping[str, Any]] = ()


def next_step(dice: Random, visit: Visit) -> Step:
    """What the patron does next; who takes a break does nothing but come back."""
    if visit.steps_left <= 0:
        return Step.LEAVE
    if visit.paused:
        return Step.RESUME
    if visit.broke:
        return Step.TOP_UP
    return dice.choices(tuple(WISHES), weights=tuple(WISHES.values()))[0]


def steps_of(dice: Random) -> int:
    """How much somebody does before going home."""
    return dice.randint(STEPS_MIN, STEPS_MAX)


def party_of(dice: Random) -> int:
    """Most come alone."""
    return dice.choices((1, 2, 3, 4), weights=(70, 18, 7, 5))[0]


def order_of(dice: Random, offer: Offer, *, alcohol: bool) -> dict[str, Any] | None:
    """One line of the menu and the total it should cost, or None if there is nothing of the kind.

    One order in twelve is for more than the house gives at once.
    """
    fitting = [item for item in offer.menu if bool(item["alcohol"]) == alcohol]
    if not fitting:
        return None
    item = dice.choice(fitting)
    greedy = alcohol and dice.random() < 1 / 12
    qty = 9 if greedy else dice.choices((1, 2), weights=(85, 15))[0]
    return {
        "lines": [{"item_id": item["item_id"], "qty": qty}],
        "expected_total_minor": item["price_minor"] * qty,
        "tender": "credits",
    }


def play_of(dice: Random, offer: Offer) -> dict[str, Any] | None:
    """One or a few plays of a game that is paid by play, or None if there is none."""
    fitting = [game for game in offer.games if game["pricing"] == "play"]
    if not fitting:
        return None
    game = dice.choice(fitting)
    line = {"game_id": game["game_id"], "qty": dice.randint(1, 3)}
    return {"lines": [line], "tender": "credits"}


def activity_of(dice: Random, offer: Offer) -> dict[str, Any]:
    """Where to go: mostly the arcade and the lounge, now and then a karaoke room."""
    wished = dice.choices(
        ("lounge", "arcade_time", "table", "karaoke_room"), weights=(35, 45, 12, 8)
    )[0]
    stations = [game for game in offer.games if game["pricing"] == "time"]
    if wished == "arcade_time" and stations and dice.random() < 1 / 3:
        return {"activity": wished, "game_id": dice.choice(stations)["game_id"]}
    if wished != "karaoke_room":
        return {"activity": wished}
    if not offer.rooms:
        return {"activity": "lounge"}
    return {"activity": wished, "room_id": dice.choice(offer.rooms)["room_id"]}


def place_of(dice: Random, *, now: str, outside: bool = False) -> dict[str, Any]:
    """A fix of a phone in the house, or in the street; `now` as RFC 3339."""
    away = OUTSIDE_DEGREES if outside else 0.0
    return {
        "lat": round(LATITUDE + away + dice.uniform(-INSIDE_DEGREES, INSIDE_DEGREES), 6),
        "lon": round(LONGITUDE + dice.uniform(-INSIDE_DEGREES, INSIDE_DEGREES), 6),
        "accuracy_m": dice.choice((5, 8, 12, 20)),
        "fix_at": now,
    }
