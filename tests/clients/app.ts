// An app without a screen: does what it is told, line by line, and says what its user would see.
// Each client has a name, so that one process can be many phones.
import { createInterface } from "node:readline";
import type { Json, Members } from "../../docs/examples/fold.ts";
import { Api, Problem, type Store } from "../../docs/examples/http.ts";
import { LastLight } from "../../docs/examples/lastlight.ts";
import { OfflineQueue } from "../../docs/examples/offline.ts";

class Memory implements Store {
  readonly texts = new Map<string, string>();
  async get(key: string) {
    return this.texts.get(key) ?? null;
  }
  async set(key: string, value: string) {
    this.texts.set(key, value);
  }
}

interface Phone {
  store: Memory;
  api: Api;
  light: LastLight;
  queue: OfflineQueue;
}

const phones = new Map<string, Phone>();
let table: Awaited<ReturnType<typeof LastLight.table>>;

function say(value: unknown): void {
  console.log(JSON.stringify(value));
}

async function open(name: string, told: Members): Promise<Json> {
  table ??= await LastLight.table(String(told["url"]));
  const store = phones.get(name)?.store ?? new Memory();
  if (told["tokens"]) await store.set("tokens", JSON.stringify(told["tokens"]));
  const api = new Api(String(told["url"]), store);
  const light = new LastLight(api, table, store);
  light.onState = (state) => say({ phone: name, state });
  const queue = new OfflineQueue(store);
  queue.onResult = (result) => say({ phone: name, result });
  phones.set(name, { store, api, light, queue });
  light.open();
  return null;
}

async function act(name: string, told: Members): Promise<Json> {
  if (told["do"] === "open") return open(name, told);
  const { store, api, light, queue } = phones.get(name)!;
  switch (told["do"]) {
    case "sign_in":
      return api.signIn(String(told["email"]), String(told["password"]));
    case "join": {
      await light.join(String(told["room"]), ({ room, id, type, seq }) =>
        say({ phone: name, event: { room, id, type, seq: seq ?? null } }),
      );
      return null;
    }
    case "room": {
      const { view, seq, epoch, refused } = light.rooms.get(String(told["room"]))!;
      return { view, seq, epoch: epoch ?? null, refused: refused?.code ?? null };
    }
    case "command":
      return light.command(String(told["name"]), told["data"] as Members);
    case "request":
      return api.request(String(told["method"]), String(told["path"]), told["body"]);
    case "push":
      return queue.push(String(told["method"]), String(told["path"]), told["more"] as object);
    case "flush":
      return queue.flush(api);
    case "spoil": {
      const kept = JSON.parse((await store.get("tokens"))!);
      await store.set("tokens", JSON.stringify({ ...kept, access: "ended" }));
      return null;
    }
    case "wake":
      for (let n = 0; n < Number(told["times"] ?? 1); n++) light.wake();
      return null;
    case "close":
      light.close();
      return null;
  }
  throw new Error(`nobody knows how to ${told["do"]}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line) as Members;
  const [n, phone] = [told["n"], String(told["phone"])];
  act(phone, told).then(
    (done) => say({ n, done }),
    (error) => say({ n, failed: error instanceof Problem ? error.code : String(error) }),
  );
}
process.exit(0);
