// From the events of a room to its view, by the table that the node itself folds by: the member
// `x-fold` of GET /docs/asyncapi.json. The law: a snapshot at n, folded with the events after n, is
// the view now. So an app never has to load anything anew.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Members = { [name: string]: Json };
/** Sections by name; one that holds nothing is not there. */
export type View = { [section: string]: Members };

export interface Envelope {
  id: string;
  room: string;
  seq?: number;
  type: string;
  venue_id: string | null;
  occurred_at: string;
  version: number;
  data: Members;
}

interface Step {
  section: string;
  how: "put" | "merge" | "upsert" | "add" | "remove";
  key?: string[];
  within?: string[];
  take?: { [name: string]: string };
  always?: Members;
  begin?: Members;
  when?: { [name: string]: Json[] };
  unless?: { [name: string]: Json[] };
  whole?: boolean;
  rooms?: "user" | "house";
}

export interface FoldTable {
  version: number;
  sections: { [name: string]: { max: number | null } };
  events: { [type: string]: Step[] };
}

/** The version of the table's form that this file knows. Another one needs a newer app. */
export const FOLD_VERSION = 1;

/** The view after one more event. Views are values: what did not change is shared. */
export function fold(table: FoldTable, view: View, event: Envelope): View {
  const named: Members = { ...event.data, $at: event.occurred_at, $venue_id: event.venue_id };
  for (const step of own(table.events, event.type) ?? []) {
    if (applies(step, event.room, named)) view = done(table, view, step, event.data, named);
  }
  return view;
}

function applies(step: Step, room: string, named: Members): boolean {
  if (step.rooms && (step.rooms === "user") !== room.startsWith("user:")) return false;
  const holds = ([name, values]: [string, Json[]]) => values.includes(named[name] ?? null);
  const [when, unless] = [Object.entries(step.when ?? {}), Object.entries(step.unless ?? {})];
  return when.every(holds) && !unless.some(holds);
}

function done(table: FoldTable, view: View, step: Step, data: Members, named: Members): View {
  const { section } = step;
  if (!step.key) {
    if (step.how === "remove") return without(view, section);
    return { ...view, [section]: entry(step, {}, data, named) };
  }
  const entries = own(view, section) ?? {};
  const key = step.key.map((name) => String(named[name] ?? "")).join(":");
  const before = own(entries, key) as Members | undefined;
  if (before === undefined && (step.how === "merge" || step.how === "remove")) return view;
  if (step.how === "remove") {
    const left = without(entries, key);
    return Object.keys(left).length > 0 ? { ...view, [section]: left } : without(view, section);
  }
  const filled = (part: string) => part.replace(/\{(.+?)\}/g, (_, name) => String(named[name]));
  const path = (step.within ?? []).map(filled);
  let after: Members = { ...entries, [key]: placed(step, before ?? {}, path, data, named) };
  const most = table.sections[section]?.max ?? null;
  // Members keep the order in which they came, so the first is the oldest.
  const keys = Object.keys(after);
  if (most !== null && keys.length > most) after = without(after, keys[0]!);
  return { ...view, [section]: after };
}

function placed(
  step: Step,
  before: Members,
  path: string[],
  data: Members,
  named: Members,
): Members {
  const [first, ...rest] = path;
  if (first === undefined) return entry(step, before, data, named);
  const inner = (own(before, first) ?? {}) as Members;
  return { ...before, [first]: placed(step, inner, rest, data, named) };
}

function entry(step: Step, before: Members, data: Members, named: Members): Members {
  const taken: Members = {};
  for (const [name, source] of Object.entries(step.take ?? {})) taken[name] = named[source] ?? null;
  if (step.how === "add") {
    const sums: Members = { count: Number(own(before, "count") ?? 0) + 1 };
    for (const name of Object.keys(taken)) {
      sums[name] = Number(own(before, name) ?? 0) + Number(taken[name]);
    }
    return sums;
  }
  const kept = step.how === "put" ? {} : before;
  return { ...step.begin, ...kept, ...(step.whole ? data : {}), ...taken, ...step.always };
}

function without<T>(values: { [name: string]: T }, name: string): { [name: string]: T } {
  const { [name]: _gone, ...left } = values;
  return left;
}

function own<T>(values: { [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
