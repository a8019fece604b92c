// GET /api/sessions/{session_id}: one statement, and what the time costs by now.
import * as deciding from "./deciding.mjs";
import { Refused } from "./problems.mjs";
import { query } from "./queries.mjs";
import { worksAt } from "./tokens.mjs";

const MS_PER_HOUR = 3_600_000;
const readSession = query("session");
const spelled = (at) => at?.toISOString() ?? null;

export function sessions(pool) {
  const venues = new deciding.Venues(pool);
  return async (principal, sessionId) => {
    const asked = { session_id: sessionId, user_id: principal.userId };
    const [row] = await readSession(pool, asked);
    deciding.authenticate(row, principal);
    const staff = row.user_id !== null && worksAt(principal, row.venue_id);
    if (row.user_id === null || (row.user_id !== principal.userId && !staff)) {
      throw new Refused("not_found", `there is no session ${sessionId}`);
    }
    const venue = await venues.of(row.venue_id);
    const body = JSON.stringify(detail(sessionId, row, venue, Date.now(), staff));
    return { status: 200, body, headers: { etag: `"v${row.version}"` } };
  };
}

function detail(sessionId, row, venue, nowMs, staff) {
  const hold = {
    hold_id: row.hold_id,
    amount_minor: row.held_minor,
    captured_minor: row.charged_minor,
    status: row.hold_status,
    expires_at: spelled(row.hold_expires_at),
  };
  const untilMs = row.ended_at?.getTime() ?? nowMs;
  return {
    session_id: sessionId,
    user_id: row.user_id,
    venue_id: row.venue_id,
    status: row.status,
    activity: row.activity,
    station_id: row.station_id,
    zone: row.zone,
    party_size: row.party_size,
    business_day: row.business_day,
    checked_in_at: spelled(row.started_at),
    status_since: spelled(row.status_since),
    deadline_at: spelled(row.deadline_at),
    ended_at: spelled(row.ended_at),
    safety_level: staff ? row.safety_level : null,
    held_minor: row.held_minor,
    charged_minor: row.charged_minor,
    charge_minor: chargeMinor(row.segments, untilMs, row, venue),
    receipt_id: null,
    segments: row.segments.map((segment) => segmentOf(segment, nowMs)),
    holds: row.ended_at === null ? [hold] : [],
    table: row.table_name,
    booked_until: null,
    note: staff ? row.note : null,
    version: row.version,
  };
}

function segmentOf(segment, nowMs) {
  return {
    segment_id: segment.id,
    activity: segment.activity,
    station_id: segment.station_id,
    rate_minor_per_h: segment.rate_minor_per_h,
    mode: segment.mode,
    started_at: new Date(segment.started_ms).toISOString(),
    ended_at: segment.ended_ms === null ? null : new Date(segment.ended_ms).toISOString(),
    active_ms: (segment.ended_ms ?? nowMs) - segment.started_ms,
    business_day: segment.business_day,
  };
}

// By the millisecond, rounded down once a day and activity; short visits are free; capped.
function chargeMinor(segments, untilMs, row, venue) {
  const costs = new Map();
  let activeMs = 0;
  for (const segment of segments) {
    const ms = Math.max(0, Math.min(segment.ended_ms ?? untilMs, untilMs) - segment.started_ms);
    activeMs += ms;
    const key = `${segment.business_day} ${segment.activity}`;
    costs.set(key, (costs.get(key) ?? 0) + segment.rate_minor_per_h * ms);
  }
  if (activeMs <= deciding.setting(venue, "short_visit_max_minutes", 5) * 60_000) return 0;
  const cap = deciding.setting(venue, "time_cap_per_day_minor", 6_000);
  const byDay = new Map();
  for (const [key, cost] of costs) {
    const day = key.slice(0, 10);
    byDay.set(day, (byDay.get(day) ?? 0) + Math.floor(cost / MS_PER_HOUR));
  }
  return deciding.sum(
    [...byDay].map(([day, minor]) => {
      const elsewhere = day === row.business_day ? (row.meter?.elsewhere_minor ?? 0) : 0;
      return Math.min(minor, Math.max(0, cap - elsewhere));
    }),
  );
}
