// Drives one run at a time: asks the source, sends the users, watches both sides until every user has crossed.

import { createUser, createUsers, readStatistics, readUsers } from "./api.js";
import { drain } from "./pool.js";
import { Problem, reasonOf } from "./problem.js";
import { Phase, Run } from "./run.js";
import { sourceNamed } from "./sources.js";
import { Watch } from "./watch.js";

const BULK_SIZE = 1000;
const NEWEST = 12;
const PAGE = 200;
const MOST_PAGES = 100;
const PACE_SENDING = 500;
const PACE_SETTLING = 150;
const PACE_STUCK = 2000;
const STUCK_AFTER = 10_000;

export class Session {
  run = new Run();
  /** The newest users as of the last look at both sides: what this page had accepted by then, and their documents. */
  accepted = [];
  documents = [];
  /** Why the last look at the other side failed; null while it works. */
  trouble = null;

  #changed;
  #abort = new AbortController();
  #watch = null;
  #settlingSince = 0;

  /** `changed` is called after every change of what is shown, as often as that may be. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Send new users. Does nothing while a run is active. */
  async generate(options) {
    if (this.run.active) return;
    const run = this.#open(Run.begun(options));
    const batch = await this.#fetch(run, options);
    if (!batch) return;
    run.fetched(batch, performance.now());
    await this.#send(run, [...run.users.keys()]);
  }

  /** Send the failed users again, under the same seed. */
  async retryFailed() {
    const { run } = this;
    if (!run.retryable) return;
    this.#abort = new AbortController();
    await this.#send(run, run.retry(performance.now()));
  }

  /** Show what is stored under a seed. */
  recall(seed) {
    const run = this.#open(Run.ofSeed(seed, performance.now()));
    this.#settle(run);
  }

  cancel() {
    if (!this.run.active) return;
    this.run.cancel(performance.now());
    this.#abort.abort();
    if (!this.run.active) this.#watch?.stop();
    this.#changed();
  }

  #open(run) {
    this.#unobserve();
    this.#abort = new AbortController();
    this.run = run;
    this.accepted = [];
    this.documents = [];
    this.trouble = null;
    this.#changed();
    return run;
  }

  /** The users to send; null where there are none, which the run then knows. */
  async #fetch(run, options) {
    try {
      return await sourceNamed(options.source)(options, this.#abort.signal);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!run.cancelled) run.refused(error);
      this.#changed();
      return null;
    }
  }

  async #send(run, indices) {
    const { mode, parallel } = run.options;
    this.#observe(run);
    const { signal } = this.#abort;
    if (mode === "bulk") await drain(chunks(indices, BULK_SIZE), parallel, (some) => this.#sendMany(run, some), signal);
    else await drain(indices, parallel, (index) => this.#sendOne(run, index), signal);
    run.sent(performance.now());
    this.#settle(run);
  }

  async #sendOne(run, index) {
    const user = run.users[index];
    await this.#request(run, [index], async (signal) => {
      const { id, createdAt, appId, replayed } = await createUser(user, run.seed, signal);
      return { accepted: 1, replayed: Number(replayed), appId, stored: [{ id, createdAt, appId, user }] };
    });
  }

  async #sendMany(run, indices) {
    const users = indices.map((index) => run.users[index]);
    await this.#request(run, indices, async (signal) => {
      const { created, replayed, rejected, appId } = await createUsers(users, run.seed, signal);
      for (const { index, errors } of rejected) {
        const reason = reasonOf({ errors, detail: "" });
        run.rejected(indices[index], { status: 400, title: "The user is not valid", instance: appId, reason });
      }
      return { accepted: created + replayed, replayed, appId };
    });
  }

  async #request(run, indices, send) {
    run.began(indices);
    const start = performance.now();
    try {
      const answer = await send(this.#abort.signal);
      const now = performance.now();
      run.answered({ ...answer, indices, latency: now - start }, now);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { status, title, instance } = error;
      run.failed(indices, { status, title, instance, reason: reasonOf(error) });
    }
    this.#changed();
  }

  #observe(run) {
    this.#unobserve();
    const watch = new Watch(
      () => this.#look(run, watch),
      () => this.#pace(run),
    );
    this.#watch = watch;
    watch.start();
  }

  #unobserve() {
    this.#watch?.stop();
    this.#watch = null;
  }

  /** Everything is sent: look more often, until the last user has crossed. */
  #settle(run) {
    this.#settlingSince = performance.now();
    this.#observe(run);
    this.#changed();
  }

  /** What is learnt under a watch that another has replaced meanwhile is older than what is shown, and is dropped. */
  async #look(run, watch) {
    const askedAt = performance.now();
    const accepted = run.recent;
    const [statistics, users] = await Promise.allSettled([
      readStatistics(run.seed),
      readUsers({ seed: run.seed, limit: NEWEST }),
    ]);
    if (watch !== this.#watch) return;
    if (users.status === "fulfilled") Object.assign(this, { accepted, documents: users.value.items });
    if (statistics.status === "fulfilled") run.observed(statistics.value, askedAt, performance.now());
    this.trouble = [statistics, users].find(({ status }) => status === "rejected")?.reason ?? null;
    if (run.phase === Phase.FINISHED && !this.trouble) await this.#conclude(run, watch);
    this.#changed();
  }

  /** The run is over: the documents are counted by reading them all, the newest once more. */
  async #conclude(run, watch) {
    watch.stop();
    try {
      const { newest, total } = await readDocuments(run.seed);
      if (watch !== this.#watch) return;
      this.documents = newest;
      if (total !== null) run.confirmed(total);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (watch === this.#watch) this.trouble = error;
    }
  }

  #pace(run) {
    if (run.phase === Phase.SENDING) return PACE_SENDING;
    const stuck = this.trouble || performance.now() - this.#settlingSince > STUCK_AFTER;
    return stuck ? PACE_STUCK : PACE_SETTLING;
  }
}

/** The newest documents of this seed and how many MongoDB holds; null where there are too many to read them all. */
async function readDocuments(seed) {
  let { items, nextCursor } = await readUsers({ seed, limit: PAGE });
  const newest = items.slice(0, NEWEST);
  let total = items.length;
  for (let page = 1; page < MOST_PAGES && nextCursor !== null; page += 1) {
    ({ items, nextCursor } = await readUsers({ seed, limit: PAGE, cursor: nextCursor }));
    total += items.length;
  }
  return { newest, total: nextCursor === null ? total : null };
}

function chunks(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, turn) => items.slice(turn * size, (turn + 1) * size));
}
