// One connection that lasts: it comes back by itself, every room goes on where it was, and a
// command that was under way is said again with its key. Needs the standard WebSocket only.
import type { FoldTable, Json, Members } from "./fold.ts";
import { type Api, backoff, Problem, SignedOut, type Store, waitBefore } from "./http.ts";
import { type Listener, Room } from "./room.ts";

export type State = "connecting" | "open" | "waiting" | "signed_out" | "closed";

interface Pending {
  message: Members;
  done: (data: Json) => void;
  failed: (error: unknown) => void;
}

const DEAF_MS = 20_000;

export class LastLight {
  readonly rooms = new Map<string, Room>();
  onState: (state: State) => void = () => {};
  #api: Api;
  #table: FoldTable;
  #store: Store | undefined;
  #socket: WebSocket | undefined;
  #welcomed = false;
  #closed = false;
  #failures = 0;
  #stale: string | undefined;
  #heardAt = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #pending = new Map<string, Pending>();
  #saving: Promise<void> = Promise.resolve();
  #numbers = 0;

  constructor(api: Api, table: FoldTable, store?: Store) {
    this.#api = api;
    this.#table = table;
    this.#store = store;
  }

  /** The table of GET /docs/asyncapi.json; an app keeps it, and asks again when it is updated. */
  static async table(url: string): Promise<FoldTable> {
    return (await (await fetch(`${url}/docs/asyncapi.json`)).json())["x-fold"];
  }

  open(): void {
    void this.#connect();
  }

  /** End it; rooms and what is kept of them stay. */
  close(): void {
    this.#closed = true;
    this.#quiet();
    this.#socket?.close(1000);
    this.onState("closed");
  }

  /** Hear a room, from where this device left it. What was before is in its view, not heard. */
  async join(name: string, listener?: Listener): Promise<Room> {
    let room = this.rooms.get(name);
    if (room === undefined) {
      room = new Room(name, this.#table, await this.#store?.get(`room:${name}`));
      this.rooms.set(name, room);
      this.#subscribe(room);
    }
    if (listener) room.listeners.add(listener);
    await room.known.promise;
    return room;
  }

  /** A command of the operation table. Said again after a lost connection, it happens once. */
  command(name: string, data: Members, key: string = crypto.randomUUID()): Promise<Json> {
    const id = `c${++this.#numbers}`;
    const message = { op: "command", id, command: name, data, idempotency_key: key };
    return new Promise((done, failed) => {
      this.#pending.set(id, { message, done, failed });
      this.#say(message);
    });
  }

  /** Look at once whether the connection is still there: when the app comes to the foreground. */
  wake(): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#ping(2_000);
    else if (!this.#closed) void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#quiet();
    this.onState("connecting");
    let token: string;
    try {
      token = await this.#api.token(this.#stale);
    } catch (error) {
      if (error instanceof SignedOut) this.onState("signed_out");
      else this.#later();
      return;
    }
    if (this.#closed) return;
    this.#drop();
    const socket = new WebSocket(`${this.#api.url.replace(/^http/, "ws")}/ws`, "lastlight.v1");
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.onopen = () => socket.send(JSON.stringify({ op: "hello", token }));
    socket.onmessage = (message) => {
      this.#heardAt = Date.now();
      this.#hear(JSON.parse(message.data), token);
    };
    socket.onclose = (closing) => this.#gone(socket, closing.code, token);
    // A network that swallows everything never closes: do it ourselves.
    this.#after(DEAF_MS, () => this.#welcomed || this.#gone(socket, 0, token));
  }

  #gone(socket: WebSocket, code: number, token: string): void {
    if (socket !== this.#socket) return; // An older one; we have moved on.
    this.#drop();
    if (this.#closed) return;
    if (code === 4401 || code === 4403) this.#stale = token; // It may carry roles of before.
    this.#later(code === 4429 ? 30_000 : 0);
  }

  #later(leastMs = 0): void {
    this.onState("waiting");
    const waitMs = this.#failures === 0 ? leastMs : leastMs + backoff(this.#failures);
    this.#failures++;
    this.#after(waitMs, () => void this.#connect());
  }

  #drop(): void {
    this.#quiet();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#welcomed = false;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #hear(said: Members, token: string): void {
    switch (said["op"]) {
      case "welcome":
        return this.#welcome(said, token);
      case "subscribed":
      case "event":
        return this.#told(said);
      case "reply":
        return this.#settle(said, (pending) => pending.done(said["data"] ?? null));
      case "error":
        return this.#error(said);
    }
  }

  #welcome(said: Members, token: string): void {
    this.#failures = 0;
    this.#stale = undefined;
    const leftMs = Date.parse(String(said["expires_at"])) - Date.parse(String(said["server_time"]));
    this.#after(Math.max(leftMs - 60_000, 1_000), () => void this.#renew(token));
    if (this.#welcomed) return; // It was the answer to a renewal.
    this.#welcomed = true;
    this.onState("open");
    const everyMs = Number(said["ping_interval_s"]) * 1000;
    const beat = () => {
      this.#ping(DEAF_MS);
      this.#after(everyMs, beat);
    };
    this.#after(everyMs, beat);
    for (const room of this.rooms.values()) this.#subscribe(room);
    for (const { message } of this.#pending.values()) this.#say(message);
  }

  async #renew(token: string): Promise<void> {
    try {
      this.#say({ op: "hello", token: await this.#api.token(token) });
    } catch {
      this.#after(10_000, () => void this.#renew(token)); // If we are late: 4401.
    }
  }

  #subscribe(room: Room): void {
    if (!room.refused) this.#say(room.subscription());
  }

  #told(said: Members): void {
    const room = this.rooms.get(String(said["room"]));
    if (room === undefined) return;
    const answer = said["op"] === "subscribed" ? room.subscribed(said) : room.event(said);
    if (answer === "gap") return this.#subscribe(room);
    if (answer !== undefined) this.#say(answer);
    const text = room.keep();
    this.#saving = this.#saving.then(() => this.#store?.set(`room:${room.name}`, text));
  }

  #error(said: Members): void {
    const problem = new Problem(said["problem"] as Members);
    const again = Number(problem.members["retry_after_s"] ?? 1) * 1000;
    const transient = waitBefore(0, problem) !== undefined || problem.code === "unauthenticated";
    const room = this.rooms.get(String(problem.members["room"]));
    const pending = this.#pending.get(String(said["id"]));
    if (pending && transient) this.#after(again, () => this.#say(pending.message));
    else if (pending) this.#settle(said, () => pending.failed(problem));
    else if (room && transient) this.#after(again, () => this.#subscribe(room));
    else if (room) room.refuse(problem);
  }

  #settle(said: Members, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(String(said["id"]));
    this.#pending.delete(String(said["id"]));
    if (pending) settle(pending);
  }

  #say(message: Members): void {
    if (this.#welcomed && this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  #ping(withinMs: number): void {
    const [socket, askedAt] = [this.#socket, Date.now()];
    this.#say({ op: "ping" });
    this.#after(withinMs, () => {
      if (socket && this.#heardAt < askedAt) this.#gone(socket, 0, "");
    });
  }

  #after(ms: number, then: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }

  #quiet(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
