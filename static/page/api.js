// The HTTP contract of this system, one function an operation. Every failure is thrown as a Problem.

import { problemOf, problemOfFailure } from "./problem.js";

const HERE = "This server";
const PATIENCE = 30_000;
const BULK_PATIENCE = 120_000;

/** Store one user: `{id, appId, createdAt, replayed}`, where `appId` is the replica that answered. */
export async function createUser(user, seed, signal) {
  const { body, headers } = await ask(`/api/v1/user-command?${query({ seed })}`, { method: "POST", body: user, signal });
  return {
    id: body.id,
    createdAt: body.createdAt,
    appId: headers.get("X-App-Id") ?? body.appId,
    replayed: headers.get("Idempotent-Replayed") === "true",
  };
}

/** Store many users at once: `{created, replayed, rejected: [{index, errors}], appId}`. */
export async function createUsers(users, seed, signal) {
  const path = `/api/v1/user-command/bulk?${query({ seed })}`;
  const { body, headers } = await ask(path, { method: "POST", body: users, signal, patience: BULK_PATIENCE });
  return { ...body, appId: headers.get("X-App-Id") ?? "" };
}

/** One row for each replica that accepted users of this seed. */
export async function readStatistics(seed, signal) {
  const { body } = await ask(`/api/v1/user-stats?${query({ seed })}`, { signal });
  return body.stats;
}

/** One page of the documents of this seed, newest first: `{items, nextCursor}`. */
export async function readUsers({ seed, limit, cursor }, signal) {
  const { body } = await ask(`/api/v1/user-query?${query({ seed, limit, cursor })}`, { signal });
  return body;
}

/** Every stage that one user has been through, in order. */
export async function readEvents(id, signal) {
  const { body } = await ask(`/api/v1/user-command/${encodeURIComponent(id)}/events`, { signal });
  return body.events;
}

/** Invented users, in randomuser.me's format. */
export async function readSampleUsers({ results, seed }, signal) {
  const { body } = await ask(`/api/v1/sample-users?${query({ results, seed })}`, { signal });
  return body;
}

async function ask(path, { method = "GET", body, signal, patience = PATIENCE } = {}) {
  const signals = [AbortSignal.timeout(patience), ...(signal ? [signal] : [])];
  const headers = { Accept: "application/json, application/problem+json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(signals),
      cache: "no-store",
    });
    if (!response.ok) throw await problemOf(response);
    return { body: await response.json(), headers: response.headers };
  } catch (error) {
    throw problemOfFailure(error, HERE);
  }
}

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given).toString();
}
