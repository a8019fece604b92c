// What check-in and purchase decide alike: standing, own limits, and which lots of credit pay.
import { createHash } from "node:crypto";
import { Refused } from "./problems.mjs";
import { query } from "./queries.mjs";

export const TRIES_MAX = 5; // So often a wallet may change between being read and being written.
export const HOLD_LEVEL = 3;
const VENUE_KEPT_MS = 5_000;
const DAYS = { day: 1, week: 7, month: 30 };
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const readVenue = query("venue");
const readSpent = query("spent");

// What venues say of themselves, kept for VENUE_KEPT_MS.
export class Venues {
  #kept = new Map();

  constructor(pool) {
    this.pool = pool;
  }

  async of(venueId) {
    const known = this.#kept.get(venueId);
    if (known !== undefined && known.until > Date.now()) return known.venue;
    const [venue] = await readVenue(this.pool, { venue_id: venueId });
    if (venue === undefined) throw new Refused("not_found", `there is no venue ${venueId}`);
    this.#kept.set(venueId, { venue, until: Date.now() + VENUE_KEPT_MS });
    return venue;
  }
}

export function setting(venue, name, otherwise) {
  return venue.settings[name] ?? otherwise;
}

export function fingerprintOf(body) {
  return createHash("sha256").update(body).digest();
}

// The row of whoever asks, if their token still counts.
export function authenticate(row, principal) {
  if (row === undefined || row.token_version !== principal.tokenVersion) {
    throw new Refused("unauthenticated", "the access token was revoked; sign in again");
  }
}

// The first answer, if the key is known.
export function replayed(row, fingerprint) {
  if (row.fingerprint === null) return null;
  if (!row.fingerprint.equals(fingerprint)) {
    throw new Refused(
      "idempotency_key_reused",
      "this Idempotency-Key was used for another request; use a new key for a new request",
    );
  }
  const headers = { "idempotency-replayed": "true" };
  return { status: row.http_status, body: JSON.stringify(row.response), headers };
}

export function refuseInactive(row) {
  if (row.user_status !== "active" || row.deleted) {
    throw new Refused("forbidden", `the account is ${row.user_status}`);
  }
}

// Exclusion blocks check-in and purchase; `ban` is how a ban is called.
export function refuseExcluded(row, ban) {
  if (row.excluded_by !== null) {
    const code = row.excluded_by === "venue_ban" ? ban : "excluded";
    throw new Refused(code, `excluded from here (${row.excluded_by})`);
  }
}

// Whether a moment is within weekly windows of local time.
export function isOpen(hours, tz, at) {
  if (hours.always_open) return true;
  const local = new Date(at.toLocaleString("en-US", { timeZone: tz }));
  const wall = local.toTimeString().slice(0, 5);
  const today = hours[WEEKDAYS[local.getDay()]] ?? [];
  const yesterday = hours[WEEKDAYS[(local.getDay() + 6) % 7]] ?? [];
  return (
    today.some(([opens, closes]) => opens <= wall && (wall < closes || closes <= opens)) ||
    yesterday.some(([opens, closes]) => closes <= opens && wall < closes)
  );
}

// What can be spent, in burn order; nothing while something is owed.
export function lotsOf(row) {
  return row.wallet_version === null || row.receivable_minor < 0 ? [] : row.lots;
}

// The parts that pay, alcohol from paid credit only; 402 if there is not enough.
export function take(lots, amount, alcohol = 0) {
  const left = new Map(lots.map((lot) => [lot.id, lot.remaining_minor]));
  const parts = new Map();
  for (const [wanted, paidOnly] of [[alcohol, true], [amount - alcohol, false]]) {
    let missing = wanted;
    for (const lot of lots) {
      if (missing <= 0) break;
      if (paidOnly && lot.source === "bonus") continue;
      const used = Math.min(left.get(lot.id), missing);
      left.set(lot.id, left.get(lot.id) - used);
      parts.set(lot.id, (parts.get(lot.id) ?? 0) + used);
      missing -= used;
    }
    if (missing > 0) {
      throw new Refused(
        "insufficient_credits",
        `${amount} minor are needed and ${missing} are missing; top up first`,
      );
    }
  }
  return lots
    .filter((lot) => parts.get(lot.id) > 0)
    .map((lot) => ({ grant_id: lot.id, amount_minor: parts.get(lot.id), source: lot.source }));
}

export function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

// How much of the parts is paid, or bonus.
export function partOf(parts, source) {
  return sum(parts.filter((part) => part.source === source).map((part) => part.amount_minor));
}

// What own limits on spending leave; null for the many who have none.
export async function headroomMinor(pool, row, userId, now) {
  if (row.limits === null) return null;
  const today = row.business_day;
  const days = await readSpent(pool, { user_id: userId, business_day: today });
  const rooms = [];
  for (const limit of row.limits) {
    let { value } = limit;
    const pending = limit.pending_effective_at;
    if (pending && limit.confirmed_at && new Date(pending) <= now) {
      value = limit.pending_removal ? null : limit.pending_value;
    }
    if (value === null) continue;
    const first = new Date(Date.parse(today) - (DAYS[limit.period] - 1) * 86_400_000);
    const from = first.toISOString().slice(0, 10);
    const spent = days.filter((day) => from <= day.business_day && day.business_day <= today);
    rooms.push(value - sum(spent.map((day) => day.spent_minor)));
  }
  return rooms.length === 0 ? null : Math.min(...rooms);
}
