// The application: `node server.mjs SETTINGS`, where SETTINGS is a JSON file with port, database,
// jwks, door_secret (hex) and connections.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import express from "express";
import { isUuid, readCheckIn, readKey, readOrder } from "./bodies.mjs";
import { checkIns } from "./checkingIn.mjs";
import { Refused, answer, tellProblem } from "./problems.mjs";
import { purchases } from "./purchasing.mjs";
import { openPool } from "./queries.mjs";
import { sessions } from "./reading.mjs";
import { Rooms } from "./rooms.mjs";
import { Tokens } from "./tokens.mjs";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const tokens = new Tokens(settings.jwks);
const pool = openPool(settings.database, settings.connections);
const app = express();
const server = createServer(app);
const rooms = new Rooms(server, tokens);
const checkIn = checkIns(pool, rooms, Buffer.from(settings.door_secret, "hex"));
const purchase = purchases(pool, rooms);
const readSession = sessions(pool);

function who(request) {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || !token) {
    throw new Refused("unauthenticated", "send an access token as Authorization: Bearer");
  }
  return tokens.verify(token);
}

app.disable("x-powered-by");
app.disable("etag");
const json = express.json({
  limit: "1mb",
  strict: false,
  verify: (request, _, buffer) => {
    request.rawBody = buffer;
  },
});

app.get("/readyz", (_, response) => response.json({ ready: true }));
app.post("/api/sessions/checkin", json, async (request, response) => {
  const principal = who(request);
  const key = readKey(request);
  const order = readCheckIn(request.body);
  answer(response, await checkIn(principal, order, key, request.rawBody));
});
app.post("/api/transactions/purchase", json, async (request, response) => {
  const principal = who(request);
  const key = readKey(request);
  const order = readOrder(request.body);
  answer(response, await purchase(principal, order, key, request.rawBody));
});
app.get("/api/sessions/:session_id", async (request, response) => {
  const principal = who(request);
  const { session_id } = request.params;
  if (!isUuid(session_id)) throw new Refused("not_found", "there is no such session");
  answer(response, await readSession(principal, session_id.toLowerCase()));
});
app.use(() => {
  throw new Refused("not_found", "nothing is here");
});
app.use(tellProblem);

server.keepAliveTimeout = 75_000;
await Promise.all(Array.from({ length: settings.connections }, () => pool.query("select 1")));
server.listen({ port: settings.port, host: "127.0.0.1", backlog: 4096 });
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  pool.end().then(() => process.exit(0));
});
