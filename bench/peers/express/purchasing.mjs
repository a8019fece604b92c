// POST /api/transactions/purchase: read everything, decide, write everything in one statement.
import * as deciding from "./deciding.mjs";
import { freshId } from "./ids.mjs";
import { Refused } from "./problems.mjs";
import { query } from "./queries.mjs";
import { eventColumns, told } from "./rooms.mjs";

const PORTION_MILLI = 1_000;
const readAll = query("purchase_read");
const writeAll = query("purchase_write");

export function purchases(pool, rooms) {
  const venues = new deciding.Venues(pool);
  return async (principal, order, key, body) => {
    const fingerprint = deciding.fingerprintOf(body);
    const venue = await venues.of(order.venueId);
    const item_ids = order.lines.map((line) => line.item_id);
    const asked = { user_id: principal.userId, venue_id: order.venueId, key, item_ids };
    for (let tries = 0; tries < deciding.TRIES_MAX; tries += 1) {
      const [row] = await readAll(pool, asked);
      deciding.authenticate(row, principal);
      const before = deciding.replayed(row, fingerprint);
      if (before !== null) return before;
      const values = await decide(pool, row, order, venue, principal.userId);
      try {
        const [{ written }] = await writeAll(pool, { ...values, key, fingerprint });
        if (written) {
          rooms.tell(values.events, values.now);
          return { status: 201, body: values.response };
        }
      } catch (error) {
        if (error.constraint === "inventory_levels_check") {
          throw new Refused("item_unavailable", "the last of it has just been sold");
        }
        // The same key, a moment earlier: the next read finds its answer.
        if (error.constraint !== "idempotency_keys_pkey") throw error;
      }
    }
    throw new Refused("actor_unavailable", "the wallet is in use; nothing was done, ask again");
  };
}

async function decide(pool, row, order, venue, userId) {
  const now = new Date();
  deciding.refuseInactive(row);
  deciding.refuseExcluded(row, "excluded");
  if (row.receivable_minor < 0) {
    throw new Refused("insufficient_credits", "the wallet owes and is frozen; top up first");
  }
  const headroom = await deciding.headroomMinor(pool, row, userId, now);
  if (headroom !== null && headroom < 1) {
    throw new Refused("spend_limit_reached", "an own limit on spending is reached");
  }
  if (row.session_status === "closing") {
    throw new Refused("session_closed", "the session is closing; order without it");
  }
  const lines = priced(row, order, venue, now);
  const total = deciding.sum(lines.map((line) => line.total_minor));
  if (order.expectedTotal !== null && order.expectedTotal !== total) {
    throw new Refused("price_changed", `the total is ${total} minor now; show it and ask again`);
  }
  refuseService(row, lines, venue, now);
  if (headroom !== null && total > headroom) {
    throw new Refused("spend_limit_reached", `own limits on spending leave ${headroom}`);
  }
  const alcoholic = lines.filter((line) => line.item.alcoholic);
  const alcohol = deciding.sum(alcoholic.map((line) => line.total_minor));
  const parts = deciding.take(deciding.lotsOf(row), total, alcohol);
  return valuesOf(row, order, venue, userId, now, lines, parts);
}

function priced(row, order, venue, now) {
  const items = new Map((row.items ?? []).map((item) => [item.id, item]));
  const known = order.lines.filter((line) => items.has(line.item_id.toLowerCase()));
  const lines = known.map((line) => lineOf(line, items.get(line.item_id.toLowerCase())));
  refuseAlcohol(row, lines, venue);
  for (const { item_id } of order.lines) {
    const item = items.get(item_id.toLowerCase());
    if (item === undefined) throw new Refused("item_unavailable", `${item_id} is not on sale here`);
    const inHours = item.hours === null || deciding.isOpen(item.hours, venue.tz, now);
    if (!item.available || !inHours) {
      throw new Refused("item_unavailable", `${item.name} is not to be had now`);
    }
  }
  for (const [itemId, milli] of stockOf(lines)) {
    const item = items.get(itemId);
    if (item.free_milli < milli) {
      throw new Refused("item_unavailable", `there is not enough of ${item.name}`);
    }
  }
  return lines;
}

// A line at the price of the list, which includes tax; half a unit and more is rounded up.
function lineOf({ qty }, item) {
  const total = item.price_minor * qty;
  const base = 10_000 + item.tax_rate_bp;
  const tax = Math.floor((2 * total * item.tax_rate_bp + base) / (2 * base));
  return { purchase_id: freshId(), item, qty, total_minor: total, tax_minor: tax };
}

// What is taken of each item; always in the same order, so that two orders of the same things
// never wait for each other.
function stockOf(lines) {
  const needs = new Map();
  for (const { item, qty } of lines) {
    if (item.stocked) needs.set(item.id, (needs.get(item.id) ?? 0) + qty * PORTION_MILLI);
  }
  return [...needs].sort(([one], [other]) => (one < other ? -1 : 1));
}

function refuseAlcohol(row, lines, venue) {
  if (!lines.some((line) => line.item.alcoholic)) return;
  if (Math.max(row.safety_level ?? 0, row.safety_hold ?? 0) >= deciding.HOLD_LEVEL) {
    throw new Refused("alcohol_refused", "no alcohol at this safety level");
  }
  const least = deciding.setting(venue, "alcohol_age_years", 18);
  if (row.age_years === null || row.age_years < least) {
    throw new Refused("age_unverified", `alcohol is sold from ${least} years`);
  }
}

// Nothing is sold when closed, no alcohol at the end, and no more of it than people drink.
function refuseService(row, lines, venue, now) {
  const shut = row.venue_status === "closed" || row.venue_status === "suspended";
  if (shut || !deciding.isOpen(venue.hours, venue.tz, now)) {
    throw new Refused("service_stopped", `${venue.name} is closed; see its hours`);
  }
  const alcoholic = lines.filter((line) => line.item.alcoholic);
  const drinks = deciding.sum(alcoholic.map((line) => line.qty));
  if (drinks > 0 && row.venue_status === "closing" && now >= (row.last_orders_at ?? now)) {
    throw new Refused("service_stopped", "no alcohol before closing");
  }
  const most = deciding.setting(venue, "alcoholic_per_person_max", 2) * (row.party_size ?? 1);
  if (drinks > most) {
    throw new Refused("quantity_limit", `${drinks} alcoholic drinks in one order; ${most} at most`);
  }
}

const kindOf = (line) => (line.item.is_drink ? "drink" : "food");

function postingsOf(venueId, userId, lines, parts) {
  const earned = new Map();
  const earn = (code, minor) => earned.set(code, (earned.get(code) ?? 0) + minor);
  for (const line of lines) {
    earn(`venue:${venueId}:revenue:${kindOf(line)}`, line.total_minor - line.tax_minor);
    earn(`venue:${venueId}:tax`, line.tax_minor);
  }
  return [
    ...parts.map((part) => [`user:${userId}:${part.source}`, -part.amount_minor, part.grant_id]),
    ...[...earned].filter(([, minor]) => minor !== 0).map(([code, minor]) => [code, minor, null]),
  ];
}

function receiptOf(row, lines, venue, total, tax) {
  const byRate = {};
  for (const { item, tax_minor } of lines) {
    byRate[item.tax_rate_bp] = (byRate[item.tax_rate_bp] ?? 0) + tax_minor;
  }
  return {
    kind: "purchase",
    tender: "credits",
    currency: venue.currency,
    business_day: row.business_day,
    total_minor: total,
    tax_minor: tax,
    tip_minor: 0,
    tax_by_rate_bp: byRate,
    lines: lines.map(({ item, qty, total_minor, tax_minor }) => ({
      name: item.name,
      qty,
      unit_price_minor: item.price_minor,
      total_minor,
      tax_rate_bp: item.tax_rate_bp,
      tax_minor,
    })),
  };
}

function eventsOf(row, venue, values, available) {
  const user = `user:${values.user_id}`;
  const posted = {
    transaction_id: values.transaction_id,
    kind: "purchase",
    amount_minor: values.total_minor,
    tax_minor: values.tax_minor,
    currency: venue.currency,
    tender: "credits",
    business_day: row.business_day,
    ledger_seq: row.ledger_seq + 1,
    at: values.now,
  };
  const balance = {
    cause: "purchase",
    currency: venue.currency,
    paid_minor: row.paid_minor - values.paid_minor,
    bonus_minor: row.bonus_minor - values.bonus_minor,
    held_minor: row.held_minor,
    available_minor: available,
    ledger_seq: row.ledger_seq + 1,
  };
  const house = [`venue:${values.venue_id}:management`, `venue:${values.venue_id}:owner`];
  return [
    told("transaction.posted", [user, ...house], posted, values.venue_id),
    told("credits.balance_changed", [user], balance),
  ];
}

function responseOf(row, lines, values, available) {
  return {
    transaction_id: values.transaction_id,
    status: "posted",
    total_minor: values.total_minor,
    tax_minor: values.tax_minor,
    tip_minor: 0,
    lines: lines.map(({ purchase_id, item, qty, total_minor, tax_minor }) => ({
      purchase_id,
      item_id: item.id,
      game_id: null,
      qty,
      unit_minor: item.price_minor,
      total_minor,
      tax_minor,
    })),
    balance: { available_minor: available, held_minor: row.held_minor },
    expires_at: null,
  };
}

// What the write statement takes, with the answer and the events.
function valuesOf(row, order, venue, userId, at, lines, parts) {
  const total = deciding.sum(lines.map((line) => line.total_minor));
  const tax = deciding.sum(lines.map((line) => line.tax_minor));
  const available = row.paid_minor + row.bonus_minor - total;
  const postings = postingsOf(order.venueId, userId, lines, parts);
  const stock = stockOf(lines);
  const values = {
    now: at.toISOString(),
    user_id: userId,
    venue_id: order.venueId,
    currency: venue.currency,
    wallet_version: row.wallet_version,
    business_day: row.business_day,
    session_id: row.session_id,
    note: order.note,
    transaction_id: freshId(),
    journal_id: freshId(),
    receipt_id: freshId(),
    total_minor: total,
    tax_minor: tax,
    paid_minor: deciding.partOf(parts, "paid"),
    bonus_minor: deciding.partOf(parts, "bonus"),
    sources: JSON.stringify(parts),
    lot_ids: parts.map((part) => part.grant_id),
    lot_amounts: parts.map((part) => part.amount_minor),
    stock_ids: stock.map(([itemId]) => itemId),
    stock_millis: stock.map(([, milli]) => milli),
    line_ids: lines.map((line) => line.purchase_id),
    line_items: lines.map((line) => line.item.id),
    line_names: lines.map((line) => line.item.name),
    line_qtys: lines.map((line) => line.qty),
    line_units: lines.map((line) => line.item.price_minor),
    line_tax_bps: lines.map((line) => line.item.tax_rate_bp),
    line_taxes: lines.map((line) => line.tax_minor),
    line_drinks: lines.map((line) => line.item.standard_drinks_milli * line.qty),
    line_kinds: lines.map(kindOf),
    posting_ids: postings.map(freshId),
    posting_codes: postings.map(([code]) => code),
    posting_amounts: postings.map(([, minor]) => minor),
    posting_grants: postings.map(([, , grantId]) => grantId),
    receipt: JSON.stringify(receiptOf(row, lines, venue, total, tax)),
  };
  const events = eventsOf(row, venue, values, available);
  const response = JSON.stringify(responseOf(row, lines, values, available));
  return { ...values, response, events, ...eventColumns(events) };
}
