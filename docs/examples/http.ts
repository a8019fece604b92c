// Signing in, and asking over HTTP so that what was asked happens once, whatever the network does.
import type { Json, Members } from "./fold.ts";

/** Where an app keeps text, such as AsyncStorage. Tokens belong into the device's keychain. */
export interface Store {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
}

/** An answer of no. `code` says what to do; docs/protocol.md has them all. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly members: Members;
  constructor(members: Members) {
    super(`${members["code"]}: ${members["detail"] ?? members["title"]}`);
    this.status = Number(members["status"]);
    this.code = String(members["code"]);
    this.members = members;
  }
}

/** Nobody is signed in, or nobody any more: show the sign-in screen. */
export class SignedOut extends Error {}

export interface Options {
  key?: string;
  ifMatch?: string;
  /** How long to go on trying, in milliseconds. */
  patienceMs?: number;
}

const TOKENS = "tokens";
const PATIENCE_MS = 30_000;
const TRY_MS = 10_000;

export class Api {
  readonly url: string;
  #store: Store;
  #refreshing: Promise<string> | undefined;

  constructor(url: string, store: Store) {
    this.url = url;
    this.#store = store;
  }

  async signIn(email: string, password: string): Promise<Members> {
    const answer = await this.#once("POST", "/api/auth/login", { email, password });
    await this.#keep(answer);
    return answer["user"] as Members;
  }

  /** An access token; `stale` is one that was refused, so that another one is wanted. */
  async token(stale?: string): Promise<string> {
    const kept = JSON.parse((await this.#store.get(TOKENS)) ?? "null");
    if (kept === null) throw new SignedOut("nobody is signed in");
    const { access, refresh, until } = kept;
    if (access !== stale && Date.now() < until) return access;
    // One refresh at a time: the second use of a refresh token ends the whole sign-in.
    this.#refreshing ??= this.#refresh(refresh).finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /**
   * Ask, with a fresh token if need be, and again with the same key while it is not known what came
   * of it. A `Problem` is an answer; any other error after `patienceMs` means nobody knows yet: ask
   * again later with the same key.
   */
  async request(
    method: string,
    path: string,
    body?: Json,
    options: Options = {},
  ): Promise<Members> {
    const key = options.key ?? crypto.randomUUID();
    const until = Date.now() + (options.patienceMs ?? PATIENCE_MS);
    let stale: string | undefined;
    for (let tries = 0; ; tries++) {
      const token = await this.token(stale);
      try {
        return await this.#once(method, path, body, { token, key, ...options });
      } catch (error) {
        if (error instanceof Problem && error.code === "unauthenticated" && stale === undefined) {
          stale = token;
          continue;
        }
        const wait = waitBefore(tries + 1, error);
        if (wait === undefined || Date.now() + wait > until) throw error;
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  async #refresh(refresh: string): Promise<string> {
    try {
      const answer = await this.#once("POST", "/api/auth/refresh", { refresh_token: refresh });
      await this.#keep(answer);
      return String(answer["access_token"]);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        await this.#store.set(TOKENS, "null");
        throw new SignedOut(error.message);
      }
      throw error;
    }
  }

  async #keep(answer: Members): Promise<void> {
    // A minute early: a token must not end on its way.
    const until = Date.now() + (Number(answer["expires_in"]) - 60) * 1000;
    const { access_token: access, refresh_token: refresh } = answer;
    await this.#store.set(TOKENS, JSON.stringify({ access, refresh, until }));
  }

  async #once(
    method: string,
    path: string,
    body?: Json,
    more: { token?: string; key?: string; ifMatch?: string } = {},
  ): Promise<Members> {
    const headers: { [name: string]: string } = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (more.token !== undefined) headers["authorization"] = `Bearer ${more.token}`;
    if (more.key !== undefined && method !== "GET") headers["idempotency-key"] = more.key;
    if (more.ifMatch !== undefined) headers["if-match"] = more.ifMatch;
    const answer = await fetch(this.url + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TRY_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Problem(problemIn(text, answer.status));
    return text === "" ? {} : JSON.parse(text);
  }
}

/** Milliseconds to wait before asking again, or undefined if that would not help. */
export function waitBefore(tries: number, error: unknown): number | undefined {
  if (error instanceof SignedOut) return undefined;
  if (!(error instanceof Problem)) return backoff(tries); // No answer came.
  const unsure = error.status >= 500 && error.code !== "internal";
  const later = error.status === 429 || error.code === "idempotency_in_progress";
  if (!unsure && !later) return undefined;
  return Math.max(Number(error.members["retry_after_s"] ?? 0) * 1000, backoff(tries));
}

/** Full jitter: when a venue's network comes back, its phones must not all come in one moment. */
export function backoff(tries: number, mostMs = 30_000): number {
  return Math.random() * Math.min(mostMs, 250 * 2 ** Math.min(tries, 10));
}

function problemIn(text: string, status: number): Members {
  try {
    const members: Members = JSON.parse(text);
    if (typeof members["code"] === "string") return { ...members, status };
  } catch {
    // A page of HTML, or nothing.
  }
  return { status, code: "unreadable", detail: "a proxy answered, not the node" };
}
