"""Events as sentences, for whoever watches the demo. Pure: the same event gives the same sentence.

Events carry ids; `Names` remembers who is behind them from the events that say so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

NAMES_MAX: Final = 2_000
WITHOUT_CENTS: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
"""Currencies whose minor unit is the unit itself."""

Data = Mapping[str, Any]

_DOING: Final[Mapping[str, str]] = {
    "lounge": "the lounge",
    "arcade_time": "the arcade",
    "arcade_play": "a game",
    "table": "a table",
    "karaoke_room": "karaoke",
}


@attrs.define(eq=False)
class Names:
    """Who is behind an id of a user, session or incident; the oldest are forgotten."""

    known: OrderedDict[str, str] = attrs.field(factory=OrderedDict)

    def learn(self, id_: object, name: str) -> None:
        """From now on `id_` is `name`."""
        self.known[str(id_)] = name
        self.known.move_to_end(str(id_))
        while len(self.known) > NAMES_MAX:
            self.known.popitem(last=False)

    def of(self, id_: object) -> str:
        """The name, or that it is not known."""
        return self.known.get(str(id_), "somebody")


@attrs.frozen
class Told:
    """A sentence, and how loud it is: `calm`, `good`, `odd` or `alarm`."""

    sentence: str
    mood: str = "calm"


def money(amount_minor: int, currency: str) -> str:
    """An amount as people write it: `JPY 1,200`, `EUR 12.00`."""
    if currency in WITHOUT_CENTS:
        return f"{currency} {amount_minor:,}"
    sign, whole = ("-" if amount_minor < 0 else ""), abs(amount_minor)
    return f"{currency} {sign}{whole // 100:,}.{whole % 100:02}"


def doing(activity: object) -> str:
    """An activity in words."""
    return _DOING.get(str(activity), str(activity).replace("_", " "))


def duration(seconds: float) -> str:
    """A length of time: `42 s`, `3 min`, `1 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def tell(type_: str, data: Data, names: Names) -> Told | None:
    """The event as a sentence, or None for what nobody wants to read.

    Also learns the names that it brings. `data` is the event's own; a member that is missing is a
    bug of the server and raises KeyError.
    """
    teller = _TELLERS.get(type_)
    return teller(data, names) if teller else None


def sold(count: int, total_minor: int, currency: str) -> Told:
    """Some sales in a row; their events alone don't say how many follow."""
    paid = money(total_minor, currency)
    return Told(f"Sold for {paid}" if count == 1 else f"{count} sales for {paid}", "good")


def _checked_in(data: Data, names: Names) -> Told:
    name = data["display_name"]
    names.learn(data["user_id"], name)
    names.learn(data["session_id"], name)
    others = data["party_size"] - 1
    company = f" with {others} {'others' if others > 1 else 'friend'}" if others else ""
    return Told(f"{name}{company} comes in, to {doing(data['activity'])}", "good")


def _checked_out(data: Data, names: Names) -> Told:
    stayed, paid = duration(data["duration_s"]), money(data["total_minor"], data["currency"])
    name = names.of(data["session_id"])
    if data["cause"] == "patron":
        return Told(f"{name} leaves after {stayed}; the clock says {paid}")
    return Told(f"{name} is checked out ({data['cause']}) after {stayed}; {paid}", "odd")


def _status_changed(data: Data, names: Names) -> Told | None:
    name, to = names.of(data["session_id"]), data["to"]
    if to == "paused":
        return Told(f"{name} takes a break; the meter stands still")
    if to == "active":
        return Told(f"{name} is back")
    if to == "auto_paused":
        return Told(f"{name} was seen outside; the meter stands still", "odd")
    if to == "cooling":
        return Told(f"{name} is to rest for a while ({data['reason']})", "odd")
    return None


def _activity_changed(data: Data, names: Names) -> Told | None:
    if data["from"] == data["to"]:
        return None
    return Told(f"{names.of(data['session_id'])} goes to {doing(data['to'])}")


def _posted(data: Data, names: Names) -> Told | None:
    paid = money(abs(data["amount_minor"]), data["currency"])
    if data["kind"] == "topup":
        return Told(f"{paid} paid in with {data['tender']}", "good")
    return None


def _sos_raised(data: Data, names: Names) -> Told:
    name = data["display_name"]
    names.learn(data["incident_id"], name)
    where = f" in {data['zone']}" if data["zone"] else ""
    again = f", pressed {data['repeat'] + 1} times" if data["repeat"] else ""
    return Told(f"SOS ({data['severity']}) from {name}{where}{again}", "alarm")


def _sos_acknowledged(data: Data, names: Names) -> Told:
    goes = "is with" if data["status"] == "on_scene" else "goes to help"
    helped = names.of(data["incident_id"])
    return Told(f"{data['display_name']} {goes} {helped}, {data['after_ms']:,} ms after", "alarm")


def _sos_resolved(data: Data, names: Names) -> Told:
    how = "was a false alarm" if data["outcome"] == "false_alarm" else "is over"
    helped = names.of(data["incident_id"])
    return Told(f"The SOS from {helped} {how}, after {duration(data['open_for_s'])}", "alarm")


def _clocked_in(data: Data, names: Names) -> Told:
    names.learn(data["staff_id"], data["display_name"])
    return Told(f"{data['display_name']} begins to work", "good")


def _capacity(data: Data, names: Names) -> Told:
    return Told(f"The house is {data['percent']} % full: {data['present']} persons", "odd")


def _threshold(data: Data, names: Names) -> Told:
    rule = str(data["rule"]).replace("_", " ")
    who = names.of(data["session_id"])
    return Told(f"Look after {who}: {rule}, level {data['level']}", "odd")


def _restarted(data: Data, names: Names) -> Told:
    what = f"{data['actor_type']} {str(data['actor_id'])[:8]}"
    return Told(f"Actor {what} was restarted in {data['recovered_ms']} ms", "alarm")


_TELLERS: Final[Mapping[str, Callable[[Data, Names], Told | None]]] = {
    "session.checked_in": _checked_in,
    "session.checked_out": _checked_out,
    "session.status_changed": _status_changed,
    "session.activity_changed": _activity_changed,
    "session.low_credit": lambda data, names: Told(
        f"{names.of(data['session_id'])} has credit for {data['minutes_left']} more minutes", "odd"
    ),
    "session.exhausted": lambda data, names: Told(
        f"{names.of(data['session_id'])} has run out of credit", "odd"
    ),
    "session.geofence_warning": lambda data, names: Told(
        f"{names.of(data['session_id'])} is {data['distance_m']} m away", "odd"
    ),
    "transaction.posted": _posted,
    "emergency.sos_raised": _sos_raised,
    "emergency.sos_acknowledged": _sos_acknowledged,
    "emergency.sos_escalated": lambda data, names: Told(
        f"Nobody has come to {names.of(data['incident_id'])} yet: tier {data['tier']}", "alarm"
    ),
    "emergency.sos_resolved": _sos_resolved,
    "staff.clocked_in": _clocked_in,
    "staff.clocked_out": lambda data, names: Told(f"{names.of(data['staff_id'])} goes home"),
    "till.changed": lambda data, names: (
        Told(f"{names.of(data['staff_id'])}'s till: {data['status']}")
        if data["status"] != "open"
        else None
    ),
    "venue.capacity_alert": _capacity,
    "venue.status_changed": lambda data, names: Told(f"The venue is {data['to']} now", "odd"),
    "safety.threshold_crossed": _threshold,
    "safety.intervention_opened": lambda data, names: Told(
        f"Somebody is to look after {names.of(data['session_id'])} ({data['reason']})", "odd"
    ),
    "inventory.stock_low": lambda data, names: Told(f"{data['sku']} is running out", "odd"),
    "business_day.closed": lambda data, names: Told(
        f"Business day {data['business_day']} is closed, Z {data['z_number']}", "good"
    ),
    "system.actor_restarted": _restarted,
}
