// What bodies may hold: the part of the contract that load tests send. All else is refused.
import { Refused } from "./problems.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const KEY_CHARS_MAX = 255;

function demand(holds, detail) {
  if (!holds) throw new Refused("validation_failed", detail);
}

function onlyKnown(value, names, where) {
  demand(typeof value === "object" && value !== null && !Array.isArray(value), `${where} is an object`);
  for (const name of Object.keys(value)) demand(names.has(name), `${where} has no ${name}`);
}

export const isUuid = (value) => typeof value === "string" && UUID.test(value);
const isWhole = (value, least, most) =>
  Number.isInteger(value) && value >= least && value <= most;
const isNumber = (value, least, most) =>
  typeof value === "number" && value >= least && value <= most;

const CHECK_IN = new Set(["venue_id", "qr_token", "location", "party_size", "activity"]);
const FIX = new Set(["lat", "lon", "accuracy_m", "fix_at", "mock"]);
const ORDER = new Set(["venue_id", "lines", "tender", "expected_total_minor", "note"]);
const LINE = new Set(["item_id", "qty"]);

export function readKey(request) {
  const key = request.headers["idempotency-key"];
  if (key === undefined) {
    throw new Refused("idempotency_key_required", "this route needs an Idempotency-Key");
  }
  if (key.length < 1 || key.length > KEY_CHARS_MAX || !/^[\x20-\x7e]+$/.test(key)) {
    throw new Refused("malformed_request", `the Idempotency-Key has 1 to ${KEY_CHARS_MAX} letters`);
  }
  return key;
}

export function readCheckIn(body) {
  onlyKnown(body, CHECK_IN, "a check-in");
  const { venue_id, qr_token, location, party_size = 1, activity = "lounge" } = body;
  demand(isUuid(venue_id), "venue_id is a UUID");
  demand(typeof qr_token === "string" && qr_token.length <= 300, "qr_token is the door's code");
  demand(isWhole(party_size, 1, 50), "party_size is 1 to 50");
  demand(activity === "lounge" || activity === "arcade_time", "activity is lounge or arcade_time");
  onlyKnown(location, FIX, "location");
  const fixMs = Date.parse(location.fix_at);
  demand(isNumber(location.lat, -90, 90) && isNumber(location.lon, -180, 180), "degrees");
  demand(isNumber(location.accuracy_m, 0, Infinity) && !Number.isNaN(fixMs), "a fix has a time");
  return { venueId: venue_id, qrToken: qr_token, partySize: party_size, activity, location, fixMs };
}

export function readOrder(body) {
  onlyKnown(body, ORDER, "an order");
  const { venue_id, lines, tender = "credits", expected_total_minor = null, note = null } = body;
  demand(isUuid(venue_id), "venue_id is a UUID");
  demand(Array.isArray(lines) && lines.length >= 1 && lines.length <= 30, "1 to 30 lines");
  demand(tender === "credits", "tender is credits");
  demand(expected_total_minor === null || isWhole(expected_total_minor, 0, 2 ** 40), "a total");
  demand(note === null || (typeof note === "string" && note.length <= 500), "a short note");
  for (const line of lines) {
    onlyKnown(line, LINE, "a line");
    demand(isUuid(line.item_id) && isWhole(line.qty, 1, 99), "a line is 1 to 99 of an item");
  }
  return { venueId: venue_id, lines, expectedTotal: expected_total_minor, note };
}
