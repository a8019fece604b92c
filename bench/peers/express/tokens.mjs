// Who asks: the access tokens of the contract (EdDSA, `at+jwt`), each verified once until it ends.
import { createPublicKey, verify } from "node:crypto";
import { Refused } from "./problems.mjs";

const CACHED_MAX = 10_000;
const SKEW_S = 5;

export class Tokens {
  #keys;
  #known = new Map();

  constructor(jwks) {
    this.#keys = new Map(
      jwks.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: "jwk" })]),
    );
  }

  // Who it is; whether its version still counts is for the database to say.
  verify(token) {
    let known = this.#known.get(token);
    if (known === undefined) {
      known = this.#read(token);
      this.#known.set(token, known);
      if (this.#known.size > CACHED_MAX) this.#known.delete(this.#known.keys().next().value);
    }
    if (Date.now() >= known.expiresMs) {
      this.#known.delete(token);
      throw new Refused("unauthenticated", "the access token ended; refresh it");
    }
    return known;
  }

  #read(token) {
    try {
      const [head, body, signature] = token.split(".");
      const { alg, typ, kid } = JSON.parse(Buffer.from(head, "base64url"));
      const key = this.#keys.get(kid);
      const signed = Buffer.from(`${head}.${body}`);
      if (alg === "EdDSA" && typ === "at+jwt" && key !== undefined) {
        if (verify(null, signed, key, Buffer.from(signature, "base64url"))) {
          return principalOf(JSON.parse(Buffer.from(body, "base64url")));
        }
      }
    } catch {
      // What does not parse proves nothing either.
    }
    throw new Refused("unauthenticated", "the access token does not verify; sign in again");
  }
}

function principalOf(claims) {
  if (claims.iss !== "lastlight" || claims.aud !== "lastlight" || !claims.sub || !claims.jti) {
    throw new Error("not for us");
  }
  if (!(claims.iat <= Date.now() / 1000 + SKEW_S)) throw new Error("not yet");
  return {
    userId: claims.sub,
    name: claims.name,
    roles: claims.roles,
    everywhere: claims.everywhere,
    tokenVersion: claims.ver,
    expiresMs: claims.exp * 1000,
  };
}

export function worksAt(principal, venueId) {
  return principal.everywhere !== "patron" || (principal.roles[venueId] ?? "patron") !== "patron";
}
