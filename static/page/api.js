// The HTTP contract of this system, one function an operation. Every failure is thrown as a Problem.

import { problemOf, problemOfFailure } from "./problem.js";

const HERE = "This server";
const PATIENCE = 30_000;
const BULK_PATIENCE = 120_000;
const NO_CONTENT = 204;

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

/** Store a reading, `{sensorId, time, value}` with the time in milliseconds since 1970. */
export async function storeReading(reading, signal) {
  await ask("/data", { method: "PUT", body: reading, signal });
}

/** What is valid for a sensor: `{from, to}`. */
export async function readValidRange(sensorId, signal) {
  const { body } = await ask(`/sensors/${encodeURIComponent(sensorId)}/valid-range`, { signal });
  return body;
}

/** The newest alerts, each with its `delivery`. */
export async function readAlerts({ limit }, signal) {
  const { body } = await ask(`/alerts?${query({ limit })}`, { signal });
  return body.items;
}

/** Have an alert that failed delivered after all. */
export async function retryAlert(id, signal) {
  await ask(`/alerts/${encodeURIComponent(id)}/retry`, { method: "POST", signal });
}

/** The newest texts that the built-in provider has taken; `id` is that of the alert. */
export async function readTexts({ limit }, signal) {
  const { body } = await ask(`/api/v1/provider/texts?${query({ limit })}`, { signal });
  return body.items;
}

/** How the built-in provider behaves: `take`, or how it fails. */
export async function readBehaviour(signal) {
  const { body } = await ask("/api/v1/provider/behaviour", { signal });
  return body.answer;
}

export async function setBehaviour(answer, signal) {
  await ask("/api/v1/provider/behaviour", { method: "PUT", body: { answer }, signal });
}

/** Publish somebody to `create-user`. */
export async function publishUser(signal) {
  await ask("/api/v1/users", { method: "POST", signal });
}

/** How deliveries are counted: `{tracked, windowSeconds, graceSeconds, threshold, thresholds}`. */
export async function readDeliveryRules(signal) {
  const { body } = await ask("/api/v1/delivery/rules", { signal });
  return body;
}

/** The windows of a topic that start from `since` on, newest first, and the server's time: `{items, date}`. */
export async function readDeliveryWindows({ topic, since, limit }, signal) {
  const { body, headers } = await ask(`/api/v1/delivery/windows?${query({ topic, since, limit })}`, { signal });
  return { items: body.items, date: Date.parse(headers.get("Date") ?? "") };
}

/** The deliveries of such windows that are missing, those of the newest window first. */
export async function readMissedDeliveries({ topic, since, limit }, signal) {
  const { body } = await ask(`/api/v1/delivery/missed?${query({ topic, since, limit })}`, { signal });
  return body.items;
}

/** How the subscription `mailing` behaves: `receive`, `fail` or `slow`. */
export async function readDeliveryDemo(signal) {
  const { body } = await ask("/api/v1/delivery/demo", { signal });
  return body.behaviour;
}

export async function setDeliveryDemo(behaviour, signal) {
  await ask("/api/v1/delivery/demo", { method: "POST", body: { behaviour }, signal });
}

/** Have `mailing` handle once more what it has failed to. */
export async function retryMissedMail(signal) {
  await ask("/api/v1/delivery/demo/retry", { method: "POST", signal });
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
    return { body: response.status === NO_CONTENT ? null : await response.json(), headers: response.headers };
  } catch (error) {
    throw problemOfFailure(error, HERE);
  }
}

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given).toString();
}
