// Which users are the newest, out of what this page had accepted and what MongoDB already answers.

import { personOf } from "./person.js";

const SHOWN = 12;

/**
 * At most twelve `{id, person, status, appId, createdAt, crossing}`, newest first. A user that was accepted and is not
 * among the documents yet is CREATED; `crossing` is the milliseconds that a synchronised one took.
 */
export function newestOf(accepted, documents) {
  const byId = new Map(accepted.map((user) => [user.id, pending(user)]));
  for (const document of documents) byId.set(document.id, synchronized(document));
  return [...byId.values()].sort(newestFirst).slice(0, SHOWN);
}

function pending({ id, user, appId, createdAt }) {
  return { id, person: personOf(user), status: "CREATED", appId, createdAt, crossing: null };
}

function synchronized(document) {
  const { id, appId, createdAt, synchronizedAt, currentStatus } = document;
  const crossing = Date.parse(synchronizedAt) - Date.parse(createdAt);
  return { id, person: personOf(document), status: currentStatus, appId, createdAt, crossing };
}

function newestFirst(one, other) {
  return compare(other.createdAt, one.createdAt) || compare(other.id, one.id);
}

function compare(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
