// Where the users come from. Both sources answer `{seed, users}` or throw a Problem.

import { readSampleUsers } from "./api.js";
import { Problem, problemOfFailure } from "./problem.js";

const RANDOM_USER = "https://randomuser.me/api/";
const PATIENCE = 20_000;

/** The source of that name: `sample` (this server) or `randomuser` (the public service, asked by the browser). */
export function sourceNamed(name) {
  return name === "randomuser" ? fromRandomUser : fromSample;
}

async function fromSample({ count, seed }, signal) {
  return usersOf(await readSampleUsers({ results: count, seed }, signal));
}

async function fromRandomUser({ count, seed }, signal) {
  const parameters = new URLSearchParams({ results: count, ...(seed && { seed }) });
  try {
    const response = await fetch(`${RANDOM_USER}?${parameters}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
      referrerPolicy: "no-referrer",
    });
    const document = await response.json();
    return usersOf(document, response.status);
  } catch (error) {
    throw problemOfFailure(error, "randomuser.me");
  }
}

/** randomuser.me reports its errors as `{"error": …}`, with whatever status. */
function usersOf(document, status = 0) {
  if (typeof document?.error === "string") {
    throw new Problem({ status, title: "randomuser.me refused", detail: `It says: “${document.error}”` });
  }
  const users = document?.results;
  const seed = document?.info?.seed;
  if (!Array.isArray(users) || users.length === 0 || typeof seed !== "string") {
    throw new Problem({ status, title: "No users came", detail: "The answer holds no users." });
  }
  return { seed, users };
}
