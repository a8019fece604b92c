// Answers, and refusals as application/problem+json, in the words that the contract has for them.
import { randomUUID } from "node:crypto";

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
};
const STATUSES = {
  malformed_request: 400,
  idempotency_key_required: 400,
  unauthenticated: 401,
  insufficient_credits: 402,
  age_unverified: 403,
  alcohol_refused: 403,
  banned: 403,
  excluded: 403,
  forbidden: 403,
  geofence_outside: 403,
  location_untrusted: 403,
  spend_limit_reached: 403,
  not_found: 404,
  capacity_full: 409,
  item_unavailable: 409,
  price_changed: 409,
  safety_hold_active: 409,
  service_stopped: 409,
  session_active: 409,
  session_closed: 409,
  venue_closed: 409,
  qr_expired: 410,
  idempotency_key_reused: 422,
  location_inaccurate: 422,
  quantity_limit: 422,
  validation_failed: 422,
  internal: 500,
  actor_unavailable: 503,
};

// Nothing was done; `code` says why.
export class Refused extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

// A JSON body that is encoded already.
export function answer(response, { status, body, headers = {} }) {
  response
    .status(status)
    .set({ ...HEADERS, ...headers, "x-request-id": randomUUID(), "content-type": "application/json" })
    .send(Buffer.from(body));
}

export function tellProblem(error, request, response, next) {
  if (response.headersSent) return next(error);
  const known = error instanceof Refused ? error : refusalOf(error);
  const instance = randomUUID();
  response
    .status(STATUSES[known.code])
    .set({ ...HEADERS, "x-request-id": instance, "content-type": "application/problem+json" });
  if (known.code === "unauthenticated") response.set("www-authenticate", "Bearer");
  const title = known.code.replaceAll("_", " ");
  const problem = {
    type: `urn:lastlight:problem:${known.code}`,
    title: title[0].toUpperCase() + title.slice(1),
    status: STATUSES[known.code],
    detail: known.message,
    instance,
    code: known.code,
  };
  response.send(Buffer.from(JSON.stringify(problem)));
}

function refusalOf(error) {
  if (error.type === "entity.parse.failed") return new Refused("malformed_request", "the body is no JSON");
  if (error.status >= 400 && error.status < 500) return new Refused("malformed_request", error.message);
  console.error(error);
  return new Refused("internal", "this is a bug; what was asked may not have been done");
}
