"""Every number that a venue may set, with its default, its bounds and its floor.

The numbers marked † in the rules stand here, and nowhere else: rules take a `VenueSettings`.
A bound says what makes sense; a floor says what no setting may weaken, because someone's safety or
the law hangs on it. What is outside a bound is `validation_failed`, what is beyond a floor is
`setting_below_floor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final, TypeAlias

import attrs

from protocol.codec_objects import escaped
from protocol.codec_scalars import printable
from protocol.errors import Code, FieldError, Refusal

CUTOVER_LATEST: Final = time(12, 0)
"""Rule 5: cutovers are allowed from 00:00 to 12:00."""

Value: TypeAlias = int | time


def _number(default: int, least: int, most: int, *, floor: str | None = None) -> Any:
    """A whole number from `least` to `most`; `floor` names the bound that is a floor, if any."""
    assert least <= default <= most
    assert floor in (None, "least", "most")
    return attrs.field(default=default, metadata={"least": least, "most": most, "floor": floor})


def _tier(default_s: int) -> Any:
    """An SOS timer: settings may shorten it, not lengthen or mute it (Rule 8)."""
    return _number(default_s, 1, default_s, floor="most")


@attrs.frozen(kw_only=True)
class VenueSettings:
    """The settings of one venue. Units stand last; money is in minor units of its currency."""

    # Rule 2: the life of a session
    pauses_max: int = _number(6, 0, 100)
    paused_max_minutes: int = _number(45, 1, 720)
    auto_paused_max_minutes: int = _number(30, 1, 720)
    cooling_least_minutes: int = _number(20, 5, 720)

    # Rule 3: metering
    lounge_minor_per_h: int = _number(600, 0, 10**9)
    arcade_time_minor_per_h: int = _number(1200, 0, 10**9)
    table_minor_per_h: int = _number(1500, 0, 10**9)
    karaoke_room_minor_per_h: int = _number(3000, 0, 10**9)
    arcade_play_minor: int = _number(100, 0, 10**9)
    block_minutes: int = _number(15, 1, 240)
    block_first_minutes: int = _number(30, 1, 480)
    short_visit_max_minutes: int = _number(5, 0, 60)
    time_cap_per_day_minor: int = _number(6000, 0, 10**12)
    checkin_funds_least_minor: int = _number(500, 0, 10**9)
    time_tax_bp: int = _number(0, 0, 3000)

    # Rule 2: who may come in at all, in years; 0 asks nobody
    entry_age_years: int = _number(0, 0, 25)

    # Rule 5: the business day
    cutover: time = attrs.field(
        default=time(5, 0),
        metadata={"least": time(0, 0), "most": CUTOVER_LATEST, "floor": None},
    )

    # Rule 6: the fence and the code at the door
    fence_radius_m: int = _number(150, 50, 2000)
    fence_slack_max_m: int = _number(50, 0, 100)
    fence_exit_margin_m: int = _number(30, 0, 500)
    code_step_s: int = _number(30, 10, 120)

    # Rules 7 and 15: drinks, and who may have one
    standard_drink_alcohol_mg: int = _number(10_000, 5_000, 20_000)
    alcohol_age_years: int = _number(18, 18, 25, floor="least")
    last_service_minutes: int = _number(30, 0, 240)
    alcoholic_per_person_max: int = _number(2, 1, 10)

    # Rule 7: when a visit's level rises; drinks in thousandths
    pace_60_milli: int = _number(3_000, 500, 20_000)
    pace_120_milli: int = _number(4_000, 500, 20_000)
    pace_120_high_milli: int = _number(6_000, 500, 20_000)
    day_total_milli: int = _number(4_000, 500, 50_000)
    day_total_high_milli: int = _number(8_000, 500, 50_000)
    signs_window_minutes: int = _number(30, 5, 240)
    long_session_minutes: int = _number(240, 30, 1_440)
    long_session_high_minutes: int = _number(360, 30, 1_440)
    break_reminder_minutes: int = _number(60, 15, 240)
    topup_velocity_count: int = _number(3, 2, 20)
    card_declines_count: int = _number(2, 1, 20)
    late_spend_from: time = attrs.field(
        default=time(2, 0),
        metadata={"least": time(0, 0), "most": time(5, 0), "floor": None},
    )
    late_spend_least_minor: int = _number(5_000, 0, 10**9)
    late_spend_percent: int = _number(200, 100, 1_000)
    check_answer_s: int = _number(180, 60, 600)

    # Rule 8: tiers of an SOS, counted from the press
    sos_critical_tier_1_s: int = _tier(30)
    sos_critical_tier_2_s: int = _tier(90)
    sos_critical_tier_3_s: int = _tier(180)
    sos_high_tier_1_s: int = _tier(60)
    sos_high_tier_2_s: int = _tier(180)
    sos_high_tier_3_s: int = _tier(360)
    sos_medium_tier_1_s: int = _tier(120)
    sos_medium_tier_2_s: int = _tier(300)
    sos_medium_tier_3_s: int = _tier(600)
    # Rule 8: an alert that no device has received by then has reached nobody who could answer.
    sos_unheard_s: int = _tier(10)

    # Rule 10: refund windows
    topup_refund_max_days: int = _number(14, 0, 365)
    # An account keeps the lines of what was bought for a month.
    game_fault_refund_max_days: int = _number(7, 0, 30)

    # Rules 12, 13, 14
    offline_purchase_max_minor: int = _number(2000, 0, 10**6)
    till_variance_max_minor: int = _number(500, 0, 10**6)
    no_show_minutes: int = _number(15, 0, 240)
    reservation_free_until_minutes: int = _number(240, 0, 7 * 24 * 60)
    reservation_deposit_percent: int = _number(20, 0, 100)
    songs_waiting_max: int = _number(3, 1, 20)
    song_s: int = _number(270, 30, 1_800)

    def __attrs_post_init__(self) -> None:
        """Refuse values that no code path may have let through.

        Raises:
            ValueError: a value is outside its bounds, or tiers do not follow one another.
        """
        for name in SETTINGS:
            if (error := _refuse_value(name, getattr(self, name))) is not None:
                raise ValueError(error.detail)
        if (error := _refuse_tiers(self)) is not None:
            raise ValueError(error.detail)


SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    field.name: {**field.metadata, "default": field.default}
    for field in attrs.fields(VenueSettings)
}
"""By name: default, `least`, `most`, and which of the two is a floor."""


def _refuse_value(name: str, value: object) -> FieldError | None:
    pointer = f"/{escaped(name)}"
    if (known := SETTINGS.get(name)) is None:
        return FieldError(pointer, "unknown", f"there is no setting {printable(name)}")
    # A bool is an int to Python, not to us.
    if type(value) is not type(known["default"]):
        wanted = type(known["default"]).__name__
        detail = f"{name} is {printable(repr(value))}, which is no {wanted}"
        return FieldError(pointer, "type", detail)
    least, most, floor = known["least"], known["most"], known["floor"]
    if least <= value <= most:
        return None
    passed = "least" if value < least else "most"
    code = Code.SETTING_BELOW_FLOOR.value if passed == floor else "out_of_range"
    return FieldError(pointer, code, f"{name} is {value}; it must be from {least} to {most}")


def _refuse_tiers(settings: VenueSettings) -> FieldError | None:
    return _refuse_tier_order(
        {name: getattr(settings, name) for name in SETTINGS if name.startswith("sos_")}
    )


def _refuse_tier_order(tiers: Mapping[str, Any]) -> FieldError | None:
    for severity in ("critical", "high", "medium"):
        one, two, three = (tiers[f"sos_{severity}_tier_{n}_s"] for n in (1, 2, 3))
        if not one < two < three:
            return FieldError(
                f"/sos_{severity}_tier_2_s",
                "order",
                f"the tiers of {severity} come at {one}, {two} and {three} s; each must be later",
            )
    return None


DEFAULT: Final = VenueSettings()


def from_overrides(
    overrides: Mapping[str, Value], *, base: VenueSettings = DEFAULT
) -> VenueSettings | Refusal:
    """`base` with some settings replaced, or why not; nothing is taken if one is refused.

    A refusal is `setting_below_floor` if any floor is passed, else `validation_failed`, with one
    error for each setting that is unknown, of the wrong type or out of bounds.
    """
    errors = [error for name, value in overrides.items() if (error := _refuse_value(name, value))]
    if not errors:
        tiers = {name: getattr(base, name) for name in SETTINGS if name.startswith("sos_")}
        merged = {**tiers, **{k: v for k, v in overrides.items() if k in tiers}}
        if (error := _refuse_tier_order(merged)) is not None:
            errors.append(error)
    if errors:
        below = any(error.code == Code.SETTING_BELOW_FLOOR for error in errors)
        code = Code.SETTING_BELOW_FLOOR if below else Code.VALIDATION_FAILED
        return Refusal(code, "; ".join(error.detail for error in errors), errors=tuple(errors))
    changed: dict[str, Any] = dict(overrides)
    return attrs.evolve(base, **changed)
