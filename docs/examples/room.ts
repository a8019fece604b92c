// One room: where this device stands in it, and what its events came to. Knows no network.
import { fold, type Envelope, type FoldTable, type Members, type View } from "./fold.ts";
import type { Problem } from "./http.ts";

/** Hears each event once. `room.view` has it already, but for an urgent copy: its place comes. */
export type Listener = (event: Envelope, room: Room) => void;

interface Snapshot {
  view: View;
  latest: Envelope[];
}

const ALERTS_REMEMBERED = 200;

export class Room {
  readonly name: string;
  epoch: string | undefined;
  seq = 0;
  view: View = {};
  /** The newest event of each type that has no place: it tells what is so now. */
  readonly latest = new Map<string, Envelope>();
  /** Why it is not heard any more; undefined while it is. */
  refused: Problem | undefined;
  /** Settles when `view` is there: kept by this device, or told by the node; or it was refused. */
  readonly known = Promise.withResolvers<void>();
  readonly listeners = new Set<Listener>();
  /** Urgent copies that were shown, by the event's id; null once their place has come. */
  readonly #shown = new Map<string, Envelope | null>();
  readonly #table: FoldTable;

  /** `kept` is what `keep` said when the app was last open. */
  constructor(name: string, table: FoldTable, kept: string | null = null) {
    this.name = name;
    this.#table = table;
    if (kept === null) return;
    Object.assign(this, JSON.parse(kept));
    this.known.resolve();
  }

  keep(): string {
    const { epoch, seq, view } = this;
    return JSON.stringify({ epoch, seq, view });
  }

  /** What to ask for: everything after what we have. */
  subscription(): Members {
    const place = this.epoch === undefined ? {} : { after_seq: this.seq, epoch: this.epoch };
    return { op: "subscribe", room: this.name, ...place };
  }

  /** Where the room stands; what to acknowledge. Without a snapshot, what was missed follows. */
  subscribed(said: Members): Members {
    this.epoch = String(said["epoch"]);
    const snapshot = said["snapshot"] as unknown as Snapshot | undefined;
    if (snapshot !== undefined) {
      this.view = snapshot.view;
      this.seq = Number(said["seq"]);
      for (const event of snapshot.latest) this.#unnumbered(event);
    }
    this.known.resolve();
    return { op: "ack", room: this.name, seq: this.seq };
  }

  refuse(problem: Problem): void {
    this.refused = problem;
    this.known.reject(problem);
  }

  /** Take in a frame with an event; what to acknowledge, if anything, or "gap": subscribe again. */
  event(said: Members): Members | "gap" | undefined {
    const seq = said["seq"] as number | undefined;
    const event = said["event"] as Envelope | { id: string } | null;
    if (seq === undefined) return this.#unnumbered(event as Envelope);
    if (seq <= this.seq) return undefined; // We had it.
    if (seq !== this.seq + 1) return "gap"; // The node never leaves one; but then ask.
    this.seq = seq;
    if (event !== null) this.#numbered(event);
    return { op: "ack", room: this.name, seq };
  }

  #numbered(event: Envelope | { id: string }): void {
    // Behind an urgent copy comes its place alone or, to a new connection, all of it again.
    const had = this.#shown.get(event.id);
    const whole = "data" in event ? event : had;
    if (whole) this.view = fold(this.#table, this.view, whole);
    if (had !== undefined) this.#shown.set(event.id, null);
    else if (whole) this.#show(whole);
  }

  #unnumbered(event: Envelope): Members | undefined {
    if (!(event.type in this.#table.events)) {
      this.latest.set(event.type, event);
      this.#show(event);
      return undefined;
    }
    if (this.#shown.has(event.id)) return undefined;
    this.#shown.set(event.id, event);
    if (this.#shown.size > ALERTS_REMEMBERED) this.#shown.delete(this.#shown.keys().next().value!);
    this.#show(event);
    return { op: "ack", room: this.name, id: event.id }; // Now the node knows that we have it.
  }

  #show(event: Envelope): void {
    for (const listener of this.listeners) listener(event, this);
  }
}
