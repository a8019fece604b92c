// POST /api/sessions/checkin: read everything, decide, write everything in one statement.
import { createHmac, timingSafeEqual } from "node:crypto";
import * as deciding from "./deciding.mjs";
import { freshId } from "./ids.mjs";
import { Refused } from "./problems.mjs";
import { query } from "./queries.mjs";
import { eventColumns, told } from "./rooms.mjs";

const EARTH_RADIUS_M = 6_371_008.8;
const FIX_AGE_MAX_MS = 60_000;
const ACCURACY_MAX_M = 100;
const HOLD_MINUTES = 15;
const RATES = { lounge: 600, arcade_time: 1_200 };
const readAll = query("check_in_read");
const writeAll = query("check_in_write");

export function checkIns(pool, rooms, secret) {
  const venues = new deciding.Venues(pool);
  return async (principal, order, key, body) => {
    const fingerprint = deciding.fingerprintOf(body);
    const venue = await venues.of(order.venueId);
    const asked = { user_id: principal.userId, venue_id: order.venueId, key };
    for (let tries = 0; tries < deciding.TRIES_MAX; tries += 1) {
      const [row] = await readAll(pool, asked);
      deciding.authenticate(row, principal);
      const before = deciding.replayed(row, fingerprint);
      if (before !== null) return before;
      const values = await decide(pool, row, order, venue, principal, secret);
      try {
        const [{ written }] = await writeAll(pool, { ...values, key, fingerprint });
        if (written) {
          rooms.tell(values.events, values.now);
          return { status: 201, body: values.response, headers: { etag: '"v1"' } };
        }
      } catch (error) {
        refuseConflict(error);
      }
    }
    throw new Refused("actor_unavailable", "the wallet is in use; nothing was done, ask again");
  };
}

// What the database refused, because somebody was faster. The same key is looked up once more.
function refuseConflict(error) {
  if (error.constraint === "sessions_user_id_key") {
    throw new Refused("session_active", "another session has just begun");
  }
  if (error.constraint === "venue_floor_capacity") {
    throw new Refused("capacity_full", "the last seat has just been taken");
  }
  if (error.constraint !== "idempotency_keys_pkey") throw error;
}

async function decide(pool, row, order, venue, principal, secret) {
  const now = new Date();
  deciding.refuseInactive(row);
  refuseAge(row, venue);
  deciding.refuseExcluded(row, "banned");
  refuseEntry(row, order, venue, now, secret);
  if (row.open_session !== null) {
    throw new Refused("session_active", `session ${row.open_session} is open`);
  }
  const perHour = deciding.setting(venue, `${order.activity}_minor_per_h`, RATES[order.activity]);
  const rate = perHour * order.partySize;
  const hold = Math.ceil((rate * HOLD_MINUTES) / 60);
  const lots = deciding.lotsOf(row);
  const available = deciding.sum(lots.map((lot) => lot.remaining_minor));
  const needed = Math.max(deciding.setting(venue, "checkin_funds_least_minor", 500), hold);
  if (available < needed) {
    throw new Refused(
      "insufficient_credits",
      `the wallet has ${available} minor available; this check-in needs ${needed}`,
    );
  }
  const headroom = await deciding.headroomMinor(pool, row, principal.userId, now);
  if (headroom !== null && hold > headroom) {
    throw new Refused("insufficient_credits", `own limits on spending leave ${headroom}`);
  }
  return valuesOf(row, order, venue, principal, now, rate, deciding.take(lots, hold));
}

function refuseAge(row, venue) {
  const least = deciding.setting(venue, "entry_age_years", 0);
  if (least > 0 && (row.age_years === null || row.age_years < least)) {
    throw new Refused("age_unverified", `${least} years are needed here`);
  }
}

// The venue's verdict, in the order of the contract.
function refuseEntry(row, order, venue, now, secret) {
  if (row.safety_hold !== null && row.safety_hold >= deciding.HOLD_LEVEL) {
    throw new Refused("safety_hold_active", "a safety hold stands; management lifts it");
  }
  if (row.venue_status !== "open" || !deciding.isOpen(venue.hours, venue.tz, now)) {
    throw new Refused("venue_closed", `${venue.name} is closed; see its hours`);
  }
  const stepS = deciding.setting(venue, "code_step_s", 30);
  if (!isCode(order.qrToken, order.venueId, stepS, now, secret)) {
    throw new Refused("qr_expired", "this code is not good at this venue now");
  }
  refuseFix(order, venue, now);
  if (row.seated + order.partySize > row.capacity) {
    throw new Refused("capacity_full", `${row.seated} of ${row.capacity} are in`);
  }
}

// Whether a code of the door was made here, for this venue, for this step or the one before.
function isCode(text, venueId, stepS, now, secret) {
  const [payload, signature] = text.split(".").map((part) => Buffer.from(part, "base64url"));
  if (payload.length !== 32 || signature?.length !== 32) return false;
  const venue = Buffer.from(venueId.replaceAll("-", ""), "hex");
  const step = Number(payload.readBigUInt64BE(16));
  const late = Math.floor(now.getTime() / 1000 / stepS) - step;
  if (!payload.subarray(0, 16).equals(venue) || (late !== 0 && late !== 1)) return false;
  const day = new Date(step * stepS * 1000).toISOString().slice(0, 10);
  const purpose = Buffer.concat([Buffer.from(`lastlight checkin-code ${day}`), venue]);
  const key = createHmac("sha256", secret).update(purpose).digest();
  return timingSafeEqual(signature, createHmac("sha256", key).update(payload).digest());
}

function refuseFix({ location, fixMs }, venue, now) {
  if (location.mock === true) {
    throw new Refused("location_untrusted", "another app made this location up");
  }
  if (location.accuracy_m > ACCURACY_MAX_M) {
    throw new Refused("location_inaccurate", `the fix is accurate to ${location.accuracy_m} m`);
  }
  if (Math.abs(now.getTime() - fixMs) > FIX_AGE_MAX_MS) {
    throw new Refused("location_inaccurate", "the fix is too old; take a new one");
  }
  const radians = Math.PI / 180;
  const [phi1, phi2] = [venue.lat * radians, location.lat * radians];
  const halfLon = Math.sin(((location.lon - venue.lon) * radians) / 2);
  const chord =
    Math.sin((phi2 - phi1) / 2) ** 2 + Math.cos(phi1) * Math.cos(phi2) * halfLon ** 2;
  const distance = 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, chord)));
  const slack = Math.min(location.accuracy_m, deciding.setting(venue, "fence_slack_max_m", 50));
  if (distance > deciding.setting(venue, "fence_radius_m", venue.radius_m) + slack) {
    throw new Refused("geofence_outside", `the fix is ${Math.round(distance)} m from the venue`);
  }
}

// What the write statement takes, with the answer and the events.
function valuesOf(row, order, venue, principal, at, rate, parts) {
  const [sessionId, holdId, userId] = [freshId(), freshId(), principal.userId];
  const now = at.toISOString();
  const hold = deciding.sum(parts.map((part) => part.amount_minor));
  const [paid, bonus] = [deciding.partOf(parts, "paid"), deciding.partOf(parts, "bonus")];
  const name = row.display_name ?? "Guest";
  const response = {
    session_id: sessionId,
    user_id: userId,
    venue_id: order.venueId,
    status: "active",
    activity: order.activity,
    party_size: order.partySize,
    checked_in_at: now,
    held_minor: hold,
    assisted: false,
    version: 1,
  };
  const checkedIn = {
    session_id: sessionId,
    user_id: userId,
    display_name: name,
    party_size: order.partySize,
    activity: order.activity,
    zone: null,
    started_at: now,
    assisted: false,
    age_ok:
      row.age_years !== null &&
      row.age_years >= deciding.setting(venue, "alcohol_age_years", 18),
  };
  const balance = {
    cause: "check_in",
    currency: venue.currency,
    paid_minor: row.paid_minor - paid,
    bonus_minor: row.bonus_minor - bonus,
    held_minor: row.held_minor + hold,
    available_minor: row.paid_minor + row.bonus_minor - hold,
    ledger_seq: row.ledger_seq + 1,
  };
  const floor = [`venue:${order.venueId}:staff`, `venue:${order.venueId}:management`];
  const events = [
    told("credits.balance_changed", [`user:${userId}`], balance),
    told("session.checked_in", [...floor, `user:${userId}`], checkedIn, order.venueId),
  ];
  const lines = [
    ...parts.map((part) => [part.source, part, -1]),
    ...parts.map((part) => ["held", part, 1]),
  ];
  return {
    now,
    user_id: userId,
    venue_id: order.venueId,
    currency: venue.currency,
    wallet_version: row.wallet_version,
    business_day: row.business_day,
    display_name: name,
    activity: order.activity,
    party_size: order.partySize,
    rate_minor_per_h: rate,
    paid_minor: paid,
    bonus_minor: bonus,
    hold_minor: hold,
    session_id: sessionId,
    segment_id: freshId(),
    hold_id: holdId,
    journal_id: freshId(),
    journal_source: `hold:${holdId}:${row.ledger_seq + 1}`,
    meter: JSON.stringify({ elsewhere_minor: row.time_paid_minor }),
    sources: JSON.stringify(parts),
    lot_ids: parts.map((part) => part.grant_id),
    lot_amounts: parts.map((part) => part.amount_minor),
    posting_ids: lines.map(freshId),
    posting_codes: lines.map(([kind]) => `user:${userId}:${kind}`),
    posting_amounts: lines.map(([, part, sign]) => sign * part.amount_minor),
    posting_grants: lines.map(([, part]) => part.grant_id),
    response: JSON.stringify(response),
    events,
    ...eventColumns(events),
  };
}
