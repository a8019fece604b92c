"""Whether somebody is there: which fixes count, who is inside, and when somebody has left (Rule 6).

One fix never decides that someone left: providers report false accuracy. Two must agree, far
enough apart to be two. Silence is not leaving. The server decides; a device only says where it is.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.rules.settings import VenueSettings
from protocol.errors import Code, Refusal

EARTH_RADIUS_M: Final = 6_371_008.8
FIX_AGE_MAX: Final = timedelta(seconds=60)
ACCURACY_MAX_M: Final = 100.0
CONFIRM_LEAST: Final = timedelta(seconds=20)
CONFIRM_MOST: Final = timedelta(minutes=10)
BACKDATED_MAX: Final = timedelta(minutes=5)


class Verdict(enum.StrEnum):
    """What a fix is worth."""

    COUNTS = "counts"
    STALE = "stale"
    INACCURATE = "inaccurate"
    UNTRUSTED = "untrusted"


@attrs.frozen(kw_only=True)
class Fix:
    """Where a device says it is: degrees, metres, and when it measured.

    `mock` is what the platform says of the fix: that an app made it up.
    """

    lat: float
    lon: float
    accuracy_m: float
    fix_at: datetime
    mock: bool = False


@attrs.frozen(kw_only=True)
class Fence:
    """The circle of a venue: centre in degrees, metres otherwise."""

    lat: float
    lon: float
    radius_m: int
    slack_max_m: int
    exit_margin_m: int

    @classmethod
    def of(
        cls, lat: float, lon: float, settings: VenueSettings, *, radius_m: int | None = None
    ) -> Fence:
        """The fence of a venue; `radius_m` is its own radius where it has one."""
        return cls(
            lat=lat,
            lon=lon,
            radius_m=settings.fence_radius_m if radius_m is None else radius_m,
            slack_max_m=settings.fence_slack_max_m,
            exit_margin_m=settings.fence_exit_margin_m,
        )

    def distance_m(self, fix: Fix) -> float:
        """From the centre to the fix, along the ground."""
        return haversine_m(self.lat, self.lon, fix.lat, fix.lon)


def haversine_m(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    """The great-circle distance in metres between two points in degrees; R = 6 371 008.8 m."""
    phi_1, phi_2 = math.radians(lat_1), math.radians(lat_2)
    half_lat = math.sin((phi_2 - phi_1) / 2)
    half_lon = math.sin(math.radians(lon_2 - lon_1) / 2)
    chord = half_lat**2 + math.cos(phi_1) * math.cos(phi_2) * half_lon**2
    # Rounding may push antipodes a hair past 1, where asin has no answer.
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))


def judge_fix(fix: Fix, received_at: datetime) -> Verdict:
    """Whether a fix counts: not made up, at most 60 s old, accurate to 100 m.

    A fix from more than 60 s ahead is as useless as one from behind: its clock is wrong.
    """
    if fix.mock:
        return Verdict.UNTRUSTED
    if not fix.accuracy_m <= ACCURACY_MAX_M:
        return Verdict.INACCURATE
    if abs(received_at - fix.fix_at) > FIX_AGE_MAX:
        return Verdict.STALE
    return Verdict.COUNTS


def is_inside(distance_m: float, accuracy_m: float, fence: Fence) -> bool:
    """Whether to let in: `d ≤ radius + min(accuracy, slack)`."""
    return distance_m <= fence.radius_m + min(accuracy_m, fence.slack_max_m)


def is_leaving(distance_m: float, accuracy_m: float, fence: Fence) -> bool:
    """Whether a fix speaks for having left: `d − min(accuracy, slack) > radius + margin`."""
    outside_m = distance_m - min(accuracy_m, fence.slack_max_m)
    return outside_m > fence.radius_m + fence.exit_margin_m


def refuse_entry(fix: Fix, received_at: datetime, fence: Fence) -> Refusal | None:
    """Why this fix lets nobody in (Rule 6): 403 untrusted, 422 inaccurate or stale, 403 outside."""
    verdict = judge_fix(fix, received_at)
    if verdict is Verdict.UNTRUSTED:
        return Refusal(
            Code.LOCATION_UNTRUSTED,
            "the device says that another app made this location up; ask staff to let you in",
        )
    if verdict is Verdict.INACCURATE:
        return Refusal(
            Code.LOCATION_INACCURATE,
            f"the fix is accurate to {fix.accuracy_m:.0f} m; it must be {ACCURACY_MAX_M:.0f} m or "
            "better; step into the open and try again",
        )
    if verdict is Verdict.STALE:
        age_s = (received_at - fix.fix_at) / timedelta(seconds=1)
        return Refusal(
            Code.LOCATION_INACCURATE,
            f"the fix is {age_s:.0f} s old; it must be at most "
            f"{FIX_AGE_MAX // timedelta(seconds=1)} s; take a new one",
        )
    distance_m = fence.distance_m(fix)
    if is_inside(distance_m, fix.accuracy_m, fence):
        return None
    return Refusal(
        Code.GEOFENCE_OUTSIDE,
        f"the fix is {distance_m:.0f} m from the venue, whose fence is {fence.radius_m} m; "
        "come closer or ask staff",
    )


@attrs.frozen(kw_only=True)
class FenceState:
    """What is remembered of a session's fixes. `outside` means that leaving was confirmed."""

    outside: bool = False
    leaving_since: datetime | None = None
    """The first fix that spoke for having left, while no good fix has contradicted it."""
    last_fix_at: datetime | None = None
    """The last good fix; older ones that come late are ignored."""


@attrs.frozen(kw_only=True)
class FenceStep:
    """What fixes led to. Instants are those of the decision's effect."""

    state: FenceState
    left_at: datetime | None = None
    """Leaving is confirmed, in effect from then."""
    entered_at: datetime | None = None
    confirm_by: datetime | None = None
    """A first fix spoke for having left: warn; another one confirms it until then."""
    accepted_count: int = 0
    ignored_count: int = 0


def follow(state: FenceState, fixes: Iterable[Fix], *, now: datetime, fence: Fence) -> FenceStep:
    """Take fixes in, in their order, and say what they show (Rule 6).

    What does not count, or is not newer than the last, is ignored: it neither confirms nor resets.
    `now` is when they were received.
    """
    step = FenceStep(state=state)
    for fix in fixes:
        last = step.state.last_fix_at
        if judge_fix(fix, now) is not Verdict.COUNTS or (last is not None and fix.fix_at <= last):
            step = attrs.evolve(step, ignored_count=step.ignored_count + 1)
            continue
        step = _take(step, fix, now, fence)
    return step


def _take(step: FenceStep, fix: Fix, now: datetime, fence: Fence) -> FenceStep:
    distance_m = fence.distance_m(fix)
    state = attrs.evolve(step.state, last_fix_at=fix.fix_at)
    step = attrs.evolve(step, state=state, accepted_count=step.accepted_count + 1)
    if state.outside:
        if not is_inside(distance_m, fix.accuracy_m, fence):
            return step
        inside = attrs.evolve(state, outside=False, leaving_since=None)
        # Who left and came back within one report has not left as far as anyone was told.
        entered_at = fix.fix_at if step.left_at is None else None
        return attrs.evolve(step, state=inside, entered_at=entered_at, left_at=None)
    if not is_leaving(distance_m, fix.accuracy_m, fence):
        return attrs.evolve(step, state=attrs.evolve(state, leaving_since=None), confirm_by=None)
    since = state.leaving_since
    if since is None or fix.fix_at - since > CONFIRM_MOST:
        return attrs.evolve(
            step,
            state=attrs.evolve(state, leaving_since=fix.fix_at),
            confirm_by=fix.fix_at + CONFIRM_MOST,
        )
    if fix.fix_at - since < CONFIRM_LEAST:
        # Too close to be a second opinion; the first keeps standing, so a device that reports
        # every ten seconds is heard on its third fix.
        return step
    gone = attrs.evolve(state, outside=True, leaving_since=None)
    left_at = max(since, now - BACKDATED_MAX) if step.entered_at is None else None
    return attrs.evolve(step, state=gone, left_at=left_at, entered_at=None, confirm_by=None)
