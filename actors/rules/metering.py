"""What a visit's time costs: a function of its segments and a moment, and of nothing else (Rule 3).

A session is a list of segments, each with a rate frozen at its start. Because the charge is always
worked out from all of them, it does not matter when ticks came, how often, or whether a segment
was split; a tick posts the difference to what was charged before. Integers only.

Continuous time is charged by the millisecond and rounded down once per activity and business day.
Rooms and tables are charged in blocks, rounded up once per unbroken stay at one rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from actors.rules.business_day import business_day_of, start_of
from actors.rules.settings import VenueSettings
from protocol.records.states import Activity, SegmentMode

MS_PER_HOUR: Final = 3_600_000
MS_PER_MINUTE: Final = 60_000
_MS: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)


class Metered(Protocol):
    """What metering reads of a segment; the record of the table and `Segment` both have it."""

    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def activity(self) -> Activity: ...
    @property
    def station_id(self) -> UUID | None: ...
    @property
    def rate_minor_per_h(self) -> int: ...
    @property
    def mode(self) -> SegmentMode: ...


@attrs.frozen(kw_only=True)
class Segment:
    """Metered time `[started_at, ended_at)`; still running while `ended_at` is None."""

    started_at: datetime
    ended_at: datetime | None = None
    activity: Activity
    station_id: UUID | None = None
    rate_minor_per_h: int
    mode: SegmentMode


@attrs.frozen(kw_only=True)
class Tariff:
    """What a charge depends on besides the segments.

    `charged_elsewhere_minor` is the time already charged to this user at this venue by *other*
    sessions, by business day: the daily cap counts it. `played` says that an arcade play was
    bought in this session, which ends the grace for short visits.
    """

    settings: VenueSettings
    tz: ZoneInfo
    charged_elsewhere_minor: Mapping[date, int] = attrs.field(factory=dict)
    played: bool = False


@attrs.frozen(kw_only=True)
class Charge:
    """What the time costs, in minor units; `lines` add up to `total_minor`.

    `lines` hold what is charged after grace and cap, by business day and activity. Where the cap
    bites, the activity that began first on that day keeps its full charge. `gross_minor` is the
    sum before grace and cap, and `active_ms` all metered time.
    """

    total_minor: int
    lines: Mapping[tuple[date, Activity], int]
    gross_minor: int
    active_ms: int

    def by_day(self) -> dict[date, int]:
        """The charge of each business day."""
        sums: defaultdict[date, int] = defaultdict(int)
        for (day, _), minor in self.lines.items():
            sums[day] += minor
        return dict(sums)

    def by_activity(self) -> dict[Activity, int]:
        """The charge of each activity."""
        sums: defaultdict[Activity, int] = defaultdict(int)
        for (_, activity), minor in self.lines.items():
            sums[activity] += minor
        return dict(sums)


@attrs.frozen
class _Stay:
    """A stretch of a segment that is over, or runs until the moment asked for."""

    start: datetime
    end: datetime
    segment: Metered


def mode_of(activity: Activity) -> SegmentMode:
    """How an activity is metered (Rule 3).

    Raises:
        ValueError: a play has a price, not a rate.
    """
    if activity is Activity.ARCADE_PLAY:
        raise ValueError("a play is bought at its price; it has no time on the meter")
    booked = activity in {Activity.KARAOKE_ROOM, Activity.TABLE}
    return SegmentMode.BLOCK if booked else SegmentMode.CONTINUOUS


def rate_of(activity: Activity, *, party_size: int, settings: VenueSettings) -> int:
    """Minor units per hour to freeze in a new segment: per person, but per room for a room.

    Raises:
        ValueError: a play has a price, not a rate.
    """
    assert party_size >= 1
    if activity is Activity.ARCADE_PLAY:
        raise ValueError("a play is bought at its price; it has no time on the meter")
    if activity is Activity.KARAOKE_ROOM:
        return settings.karaoke_room_minor_per_h
    rates = {
        Activity.LOUNGE: settings.lounge_minor_per_h,
        Activity.ARCADE_TIME: settings.arcade_time_minor_per_h,
        Activity.TABLE: settings.table_minor_per_h,
    }
    return rates[activity] * party_size


def charge_at(segments: Iterable[Metered], at: datetime, tariff: Tariff) -> Charge:
    """What the visit's time costs if it ended at `at` (Rule 3).

    It never falls as `at` grows. Segments may come in any order and may be split anywhere; they
    must not overlap.
    """
    stays = list(_stays(segments, at))
    active_ms = sum(_ms(stay.start, stay.end) for stay in stays)
    first: dict[tuple[date, Activity], datetime] = {}
    charges: defaultdict[tuple[date, Activity], int] = defaultdict(int)
    for day, activity, begun_at, minor in (
        *_continuous_charges(stays, tariff),
        *_block_charges(stays, tariff),
    ):
        key = (day, activity)
        charges[key] += minor
        first[key] = min(begun_at, first.get(key, begun_at))
    gross_minor = sum(charges.values())
    if _is_short_visit(stays, active_ms, tariff):
        charges = defaultdict(int, dict.fromkeys(charges, 0))
    lines = _capped({key: charges[key] for key in sorted(charges, key=first.__getitem__)}, tariff)
    return Charge(
        total_minor=sum(lines.values()), lines=lines, gross_minor=gross_minor, active_ms=active_ms
    )


def tick_minor(charge: Charge, charged_minor: int) -> int:
    """What a tick posts: `charge(now) − charged`; never below 0, giving back takes a mirror."""
    return max(0, charge.total_minor - charged_minor)


def split_segment(segment: Segment, at: datetime) -> tuple[Segment, Segment]:
    """The same time in two segments, the second beginning at `at`; the charge stays the same.

    Raises:
        ValueError: `at` is not inside the segment.
    """
    if at <= segment.started_at or (segment.ended_at is not None and at >= segment.ended_at):
        raise ValueError(f"{at} is not inside {segment.started_at} to {segment.ended_at}")
    return attrs.evolve(segment, ended_at=at), attrs.evolve(segment, started_at=at)


def next_cutover(at: datetime, tariff: Tariff) -> datetime:
    """The first cutover after `at`, where a running segment is split."""
    day = business_day_of(at, tariff.tz, tariff.settings.cutover)
    return start_of(day + _DAY, tariff.tz, tariff.settings.cutover)


def block_minor(ms: int, rate_minor_per_h: int, *, settings: VenueSettings) -> int:
    """The price of one unbroken stay of `ms`: a first block, then whole blocks, rounded up.

    Where a block does not come out even, the fraction of a unit is the patron's.
    """
    if ms <= 0:
        return 0
    first_ms = settings.block_first_minutes * MS_PER_MINUTE
    block_ms = settings.block_minutes * MS_PER_MINUTE
    further_blocks = -(-max(0, ms - first_ms) // block_ms)
    return rate_minor_per_h * (first_ms + further_blocks * block_ms) // MS_PER_HOUR


def _stays(segments: Iterable[Metered], at: datetime) -> Iterator[_Stay]:
    for segment in segments:
        end = at if segment.ended_at is None else min(segment.ended_at, at)
        if segment.started_at < end:
            yield _Stay(segment.started_at, end, segment)


def _continuous_charges(
    stays: Sequence[_Stay], tariff: Tariff
) -> Iterator[tuple[date, Activity, datetime, int]]:
    # Rates are added up before dividing, so that the floor is taken once (law b).
    costs: defaultdict[tuple[date, Activity], int] = defaultdict(int)
    first: dict[tuple[date, Activity], datetime] = {}
    for stay in stays:
        if stay.segment.mode is not SegmentMode.CONTINUOUS:
            continue
        for day, start, end in _by_day(stay, tariff):
            key = (day, stay.segment.activity)
            costs[key] += stay.segment.rate_minor_per_h * _ms(start, end)
            first[key] = min(start, first.get(key, start))
    for (day, activity), cost in costs.items():
        yield day, activity, first[day, activity], cost // MS_PER_HOUR


def _block_charges(
    stays: Sequence[_Stay], tariff: Tariff
) -> Iterator[tuple[date, Activity, datetime, int]]:
    """Adjacent stays at one station and rate are one; a stay over the cutover is charged once."""
    booked = [stay for stay in stays if stay.segment.mode is SegmentMode.BLOCK]
    runs: list[_Stay] = []
    for stay in sorted(booked, key=lambda stay: stay.start):
        if runs and runs[-1].end == stay.start and _same_place(runs[-1].segment, stay.segment):
            runs[-1] = _Stay(runs[-1].start, stay.end, stay.segment)
        else:
            runs.append(stay)
    for run in runs:
        day = business_day_of(run.start, tariff.tz, tariff.settings.cutover)
        rate = run.segment.rate_minor_per_h
        minor = block_minor(_ms(run.start, run.end), rate, settings=tariff.settings)
        yield day, run.segment.activity, run.start, minor


def _same_place(one: Metered, other: Metered) -> bool:
    return (one.activity, one.station_id, one.rate_minor_per_h) == (
        other.activity,
        other.station_id,
        other.rate_minor_per_h,
    )


def _by_day(stay: _Stay, tariff: Tariff) -> Iterator[tuple[date, datetime, datetime]]:
    cutover, start = tariff.settings.cutover, stay.start
    day = business_day_of(start, tariff.tz, cutover)
    while (next_day_at := start_of(day + _DAY, tariff.tz, cutover)) < stay.end:
        yield day, start, next_day_at
        day, start = day + _DAY, next_day_at
    yield day, start, stay.end


def _is_short_visit(stays: Sequence[_Stay], active_ms: int, tariff: Tariff) -> bool:
    if tariff.played or active_ms > tariff.settings.short_visit_max_minutes * MS_PER_MINUTE:
        return False
    return all(stay.segment.activity is not Activity.KARAOKE_ROOM for stay in stays)


def _capped(
    charges: Mapping[tuple[date, Activity], int], tariff: Tariff
) -> dict[tuple[date, Activity], int]:
    cap_minor = tariff.settings.time_cap_per_day_minor
    left: dict[date, int] = {}
    lines = {}
    for (day, activity), minor in charges.items():
        elsewhere = tariff.charged_elsewhere_minor.get(day, 0)
        room_minor = left.get(day, max(0, cap_minor - elsewhere))
        lines[day, activity] = min(minor, room_minor)
        left[day] = room_minor - lines[day, activity]
    return lines


def _ms(start: datetime, end: datetime) -> int:
    return (end - start) // _MS
