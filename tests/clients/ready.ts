// Says what runs it, as a first line for the harness to hear, then echoes what it is told.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

console.log(JSON.stringify({ node: process.versions.node, io: typeof io }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ told: JSON.parse(line) }));
}
