// The peer: Socket.IO doing what a node's rooms do. `node server.mjs PORT`, settings in JSON:
// {"recovery": bool, "key": the public key of tokens, as a JWK}. Its engine is the default one, ws.
import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "socket.io";

const ROOM = "venue:00000000-0000-7000-8000-000000000001:staff";
const port = Number(process.argv[2]);
const settings = JSON.parse(process.argv[3] ?? "{}");
const key = createPublicKey({ key: settings.key, format: "jwk" });
const ITEM = crypto.randomUUID();
let seq = 0;

function principalOf(token) {
  const [head, body, signature] = String(token).split(".");
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify(null, signed, key, Buffer.from(signature, "base64url"))) {
    throw new Error("unauthenticated");
  }
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  if (claims.exp * 1000 < Date.now()) throw new Error("unauthenticated");
  return claims.sub;
}

function envelope(type, more) {
  seq += 1;
  return {
    id: crypto.randomUUID(),
    room: ROOM,
    seq,
    type,
    venue_id: "00000000-0000-7000-8000-000000000001",
    occurred_at: new Date().toISOString(),
    version: 1,
    data: { item_id: ITEM, available: true, price_minor: seq, version: seq, ...more },
  };
}

async function bodyOf(request) {
  let text = "";
  for await (const part of request) text += part;
  return text === "" ? {} : JSON.parse(text);
}

const answers = {
  "/readyz": () => ({ connections: io.engine.clientsCount }),
  "/publish": ({ count }) => {
    for (let n = 0; n < count; n += 1) {
      const told = envelope("inventory.item_updated");
      io.to(ROOM).emit(told.type, told);
    }
    return {};
  },
  "/sos": () => {
    const told = envelope("emergency.sos_raised", { incident_id: crypto.randomUUID() });
    io.to(ROOM).emit(told.type, told);
    return { incident_id: told.id };
  },
  "/work": (order, token) => {
    const told = envelope("transaction.posted");
    io.to(`user:${principalOf(token)}`).emit(told.type, told);
    return { ...told, lines: order.lines };
  },
};

const server = createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  const token = (request.headers.authorization ?? "").replace("Bearer ", "");
  const told = JSON.stringify(answers[path](await bodyOf(request), token));
  response.writeHead(200, { "content-type": "application/json" }).end(told);
});
const io = new Server(server, {
  pingInterval: 25000,
  pingTimeout: 20000,
  ...(settings.recovery ? { connectionStateRecovery: { maxDisconnectionDuration: 120000 } } : {}),
});
io.use((socket, next) => {
  try {
    socket.data.user = principalOf(socket.handshake.auth.token);
    next();
  } catch (error) {
    next(error);
  }
});
io.on("connection", (socket) => {
  if (!socket.recovered) socket.join([ROOM, `user:${socket.data.user}`]);
});
server.keepAliveTimeout = 75000;
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
