// One run of users through the pipeline, as a state machine. No clock, no network, no page: times come in as
// milliseconds of any steady clock, and everything else as the facts that were learnt.

import { Timeline } from "./timeline.js";

export const Phase = Object.freeze({
  IDLE: "idle",
  FETCHING: "fetching",
  REFUSED: "refused",
  SENDING: "sending",
  SETTLING: "settling",
  FINISHED: "finished",
});

const NEXT = Object.freeze({
  [Phase.IDLE]: [Phase.FETCHING, Phase.SETTLING],
  [Phase.FETCHING]: [Phase.SENDING, Phase.REFUSED, Phase.FINISHED],
  [Phase.REFUSED]: [],
  [Phase.SENDING]: [Phase.SETTLING],
  [Phase.SETTLING]: [Phase.FINISHED],
  [Phase.FINISHED]: [Phase.SENDING],
});

const REMEMBERED = 24;

export class Run {
  phase = Phase.IDLE;
  options = null;
  seed = "";
  users = [];
  problem = null;
  cancelled = false;
  recalled = false;

  accepted = 0;
  replayed = 0;
  underWay = 0;
  failures = new Map();
  acceptedBy = new Map();
  latencies = [];
  recent = [];

  rows = [];
  stored = 0;
  synchronized = 0;
  readBack = null;
  timeline = new Timeline();

  #beganAt = null;
  #sentAt = null;
  #endedAt = null;
  #earlier = 0;

  /** A run that is about to ask its source for users. `options` is `{count, seed, source, mode, parallel}`. */
  static begun(options) {
    const run = new Run();
    run.options = options;
    run.seed = options.seed;
    run.#enter(Phase.FETCHING);
    return run;
  }

  /** An earlier run of which only the seed is known: it is watched, nothing is sent. */
  static ofSeed(seed, at) {
    const run = new Run();
    run.seed = seed;
    run.recalled = true;
    run.#begin(at);
    run.#enter(Phase.SETTLING);
    run.#sentAt = at;
    return run;
  }

  /** Users were asked for and are not all through yet. */
  get active() {
    return [Phase.FETCHING, Phase.SENDING, Phase.SETTLING].includes(this.phase);
  }

  /** Something can be retried now. */
  get retryable() {
    return this.phase === Phase.FINISHED && this.failures.size > 0;
  }

  get requested() {
    return this.users.length;
  }

  get unsent() {
    return this.requested - this.accepted - this.failures.size - this.underWay;
  }

  /** Stored under this seed and not synchronised yet. */
  get crossing() {
    return Math.max(0, Math.max(this.stored, this.accepted) - this.synchronized);
  }

  /** Milliseconds from the first request to the last confirmation, the pause before a retry left out; null before. */
  elapsed(at) {
    if (this.#beganAt === null) return null;
    return this.#earlier + (this.#endedAt ?? at) - this.#beganAt;
  }

  fetched({ seed, users }, at) {
    this.#enter(Phase.SENDING);
    this.seed = seed;
    this.users = users;
    this.#begin(at);
  }

  refused(problem) {
    this.#enter(Phase.REFUSED);
    this.problem = problem;
  }

  /** The user gave up: what was under way is reported one by one, the rest stays unsent. */
  cancel(at) {
    if (!this.active) return;
    this.cancelled = true;
    if (this.phase === Phase.FETCHING) this.#begin(at);
    if (this.phase !== Phase.SENDING) this.#finish(at);
  }

  began(indices) {
    this.underWay += indices.length;
  }

  /** One answer: how many users it accepted, through which replica, and after how many milliseconds. */
  answered({ indices, accepted, replayed, appId, latency, stored = [] }, at) {
    this.underWay -= indices.length;
    this.accepted += accepted;
    this.replayed += replayed;
    this.acceptedBy.set(appId, (this.acceptedBy.get(appId) ?? 0) + accepted);
    this.latencies.push(latency);
    this.recent = [...stored, ...this.recent].slice(0, REMEMBERED);
    this.#mark(at);
  }

  /** These users were refused inside an answer that accepted others. */
  rejected(index, failure) {
    this.failures.set(index, failure);
  }

  /** A whole request failed, for the same reason for each of its users. */
  failed(indices, failure) {
    this.underWay -= indices.length;
    for (const index of indices) this.failures.set(index, failure);
  }

  /** Every request has ended. Where none was accepted there is nothing to wait for. */
  sent(at) {
    this.#enter(Phase.SETTLING);
    this.#sentAt = at;
    if (this.accepted === 0) this.#finish(at);
  }

  /**
   * What the write side said of this seed when it was asked at `askedAt`. An answer to a question from before the last
   * user was sent cannot end the run: the seed may hold users of earlier runs that have long crossed.
   */
  observed(rows, askedAt, at) {
    this.rows = rows;
    this.stored = rows.reduce((sum, row) => sum + row.total, 0);
    this.synchronized = rows.reduce((sum, row) => sum + row.synchronized, 0);
    this.#mark(at);
    if (this.phase === Phase.SETTLING && askedAt >= this.#sentAt && this.crossing === 0) this.#finish(at);
  }

  /** So many documents of this seed were found when all of them were read. */
  confirmed(documents) {
    this.readBack = documents;
  }

  /** Starts over with the users that failed, and returns their indices in order. */
  retry(at) {
    this.#enter(Phase.SENDING);
    const indices = [...this.failures.keys()].sort((one, other) => one - other);
    this.failures.clear();
    this.cancelled = false;
    this.readBack = null;
    this.#earlier = this.elapsed(at);
    this.#begin(at);
    return indices;
  }

  #enter(phase) {
    if (!NEXT[this.phase].includes(phase)) throw new Error(`A run cannot go from ${this.phase} to ${phase}.`);
    this.phase = phase;
  }

  #begin(at) {
    this.#beganAt = at;
    this.#endedAt = null;
    this.#mark(at);
  }

  #finish(at) {
    this.#enter(Phase.FINISHED);
    this.#endedAt = at;
    this.#mark(at);
  }

  #mark(at) {
    this.timeline.mark(this.elapsed(at), this.accepted, this.synchronized);
  }
}
