// Ids in the order of time: rows that are made together stand together in an index.
import { randomFillSync } from "node:crypto";

const pool = Buffer.alloc(10 * 512);
let at = pool.length;

export function freshId() {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const rest = pool.toString("hex", at, at + 10);
  at += 10;
  const stamp = Date.now().toString(16).padStart(12, "0");
  const variant = "89ab"[parseInt(rest[3], 16) & 3];
  return (
    `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${rest.slice(0, 3)}` +
    `-${variant}${rest.slice(4, 7)}-${rest.slice(7, 19)}`
  );
}
