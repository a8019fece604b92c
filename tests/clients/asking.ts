// Asks a server that answers as a test wants; says what came of each request.
import { Api, Problem, type Store } from "../../docs/examples/http.ts";

const texts = new Map<string, string>();
const store: Store = {
  get: async (key) => texts.get(key) ?? null,
  set: async (key, value) => void texts.set(key, value),
};
const kept = { access: "first", refresh: "r1", until: Date.now() + 600_000 };
await store.set("tokens", JSON.stringify(kept));
const api = new Api(process.env["NODE_URL"]!, store);
for (const path of process.argv.slice(2)) {
  const result = await api.request("POST", path, {}).then(
    (done) => ({ done }),
    (error) => ({ failed: error instanceof Problem ? error.code : error.constructor.name }),
  );
  console.log(JSON.stringify(result));
}
