// The stock socket.io-client in an app that does what it is told, line by line, and says everything
// that it hears. It keeps what docs/clients.md tells an app to keep, a cursor of each room, and
// subscribes by them whenever it was not recovered. It leaves nothing out that is told twice.
import { createInterface } from "node:readline";
import { io, type Socket } from "socket.io-client";

type Members = Record<string, any>;
interface Cursor {
  epoch: string;
  seq: number;
}

class App {
  readonly name: string;
  readonly cursors: Record<string, Cursor> = {};
  readonly wanted = new Set<string>();
  readonly joined = new Set<string>();
  readonly socket: Socket;

  constructor(name: string, told: Members) {
    this.name = name;
    this.socket = io(told["url"], {
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 60,
      timeout: 4_000,
      ...told["options"],
      auth: (give: (auth: object) => void) =>
        give(told["cursors"] ? { token: told["token"], cursors: this.cursors } : { token: told["token"] }),
    });
    this.socket.on("connect", () => {
      const { id, recovered } = this.socket;
      say({ app: name, connect: { id, recovered, transport: this.socket.io.engine.transport.name } });
      if (!recovered) this.joined.clear();
      for (const room of this.wanted) if (!this.joined.has(room)) this.subscribe(room);
    });
    this.socket.on("disconnect", (reason) => say({ app: name, disconnect: reason }));
    this.socket.on("connect_error", (error: any) =>
      say({ app: name, connect_error: error.data?.code ?? error.message, active: this.socket.active }),
    );
    this.socket.io.engine?.on("upgrade", (transport) => say({ app: name, upgrade: transport.name }));
    this.socket.onAny((type: string, ...rest: any[]) => {
      const [told] = rest;
      say({ app: name, event: { name: type, count: rest.length, ...told } });
      const cursor = told?.room === undefined ? undefined : this.cursors[told.room];
      if (cursor && told.seq !== undefined) cursor.seq = told.seq;
    });
  }

  subscribe(room: string): void {
    this.wanted.add(room);
    if (!this.socket.connected) return;
    const known = this.cursors[room];
    const place = known ? { after_seq: known.seq, epoch: known.epoch } : {};
    this.socket.emit("subscribe", { room, ...place }, (answer: any) => {
      if (answer.problem) return say({ app: this.name, refused: answer.problem.code, room });
      this.joined.add(room);
      // The events up to `seq` follow one by one where there is no snapshot of them.
      if (!known || answer.snapshot !== undefined) {
        this.cursors[room] = { epoch: answer.epoch, seq: answer.seq };
      }
      say({ app: this.name, joined: room, seq: answer.seq, snapshot: answer.snapshot ?? null });
    });
  }
}

const apps = new Map<string, App>();

function say(value: unknown): void {
  console.log(JSON.stringify(value));
}

function act(told: Members): void {
  const { do: what, app: name } = told;
  if (what === "open") {
    apps.set(name, new App(name, told));
    return;
  }
  const app = apps.get(name)!;
  if (what === "subscribe") app.subscribe(told["room"]);
  else if (what === "emit")
    app.socket.emit(told["event"], told["data"], (answer: any) => say({ app: name, answer }));
  else if (what === "drop") app.socket.io.engine.close();
  else if (what === "close") {
    app.socket.disconnect();
    say({ app: name, closed: true });
  }
}

for await (const line of createInterface({ input: process.stdin })) act(JSON.parse(line));
for (const app of apps.values()) app.socket.disconnect();
