// What is done without a network: kept in order on the device, and told to the node afterwards
// (POST /api/sync/commands). Each command keeps its id, which is its key, so a batch that got no
// answer is sent again as it was. Only operations marked "may be replayed from offline" are taken.
import type { Json, Members } from "./fold.ts";
import { type Api, Problem, type Store } from "./http.ts";

interface More {
  body?: Json;
  if_match?: string;
  /** Skip it if one of these failed, such as the order that a tip belongs to. */
  after?: string[];
}

interface Kept extends More {
  seq: number;
  command_id: string;
  occurred_at: string;
  method: string;
  path: string;
}

export interface Result {
  command_id: string;
  outcome: "applied" | "replayed" | "rejected" | "skipped";
  status: number | null;
  data: Json;
  problem: Members | null;
}

interface Queue {
  device_id: string;
  next: number;
  commands: Kept[];
}

const QUEUE = "offline";
const BATCH = 100;

export class OfflineQueue {
  /** Hears what became of each command; one that was rejected is shown to whoever did it. */
  onResult: (result: Result) => void = () => {};
  #store: Store;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Keep a command as done now; its id says what to wait for, and what others come `after`. */
  push(method: string, path: string, more: More = {}): Promise<string> {
    return this.#alone(async (queue) => {
      const command_id = crypto.randomUUID();
      const occurred_at = new Date().toISOString();
      const seq = queue.next++;
      queue.commands.push({ seq, command_id, occurred_at, method, path, ...more });
      await this.#keep(queue);
      return command_id;
    });
  }

  /** Tell the node all that is kept. What could not be decided now stays; how many did. */
  flush(api: Api): Promise<number> {
    return this.#alone(async (queue) => {
      while (queue.commands.length > 0) {
        const batch = queue.commands.slice(0, BATCH);
        const answer = await this.#send(api, queue, batch);
        if (answer === undefined) continue;
        const last = Number(answer["last_seq"]);
        const done = batch.filter((kept) => kept.seq <= last).length;
        // Forget first, tell then: the app may end in between, and a result is also in its room.
        queue.commands = queue.commands.slice(done);
        await this.#keep(queue);
        const results = answer["results"] as unknown as Result[];
        for (const result of results.slice(0, done)) this.onResult(result);
        if (done < batch.length) break; // The node is busy or its database away: later.
      }
      return queue.commands.length;
    });
  }

  async #send(api: Api, queue: Queue, commands: Kept[]): Promise<Members | undefined> {
    try {
      const body = { device_id: queue.device_id, commands } as unknown as Json;
      return await api.request("POST", "/api/sync/commands", body);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "device_sequence_gap") throw error;
      // The node has not heard what we number from: count from where it stands.
      let seq = Number(error.members["last_seq"]);
      for (const kept of queue.commands) kept.seq = ++seq;
      queue.next = seq + 1;
      await this.#keep(queue);
      return undefined;
    }
  }

  /** One after the other: nothing is pushed while a batch is being forgotten. */
  #alone<T>(work: (queue: Queue) => Promise<T>): Promise<T> {
    const run = this.#last.then(async () => work(await this.#load()));
    this.#last = run.catch(() => {});
    return run;
  }

  async #load(): Promise<Queue> {
    const kept = await this.#store.get(QUEUE);
    if (kept !== null) return JSON.parse(kept);
    return { device_id: crypto.randomUUID(), next: 1, commands: [] };
  }

  #keep(queue: Queue): Promise<void> {
    return this.#store.set(QUEUE, JSON.stringify(queue));
  }
}
