// Publishes users, sets the demonstration's switch, and looks what of it has arrived for as long as somebody sees it.

import {
  publishUser,
  readDeliveryDemo,
  readDeliveryRules,
  readDeliveryWindows,
  readMissedDeliveries,
  retryMissedMail,
  setDeliveryDemo,
} from "./api.js";
import { countedAt, SLOTS, shownSince, slotsOf, sumsOf } from "./delivery_windows.js";
import { PatientWatch } from "./patient_watch.js";
import { Switch } from "./switch.js";

export const TOPIC = "create-user";

const MOST_MISSED = 8;
const PACE_AWAITING = 1000;
const PACE_QUIET = 3000;
const PACE_SLOWEST = 15_000;
// A scheduler that is this late does not run: what was published is not waited for any longer.
const GIVEN_UP = 30_000;

export class DeliveryDesk {
  topic = TOPIC;
  /** How deliveries are counted; null before it is known. */
  rules = null;
  slots = [];
  sums = sumsOf([]);
  /** The newest deliveries that are missing in what is shown. */
  missed = [];
  /** When the users were published that are not counted yet. */
  waiting = [];

  #changed;
  #windows = [];
  #skew = 0;
  #behaviour = new Switch();
  #watch = new PatientWatch({
    look: () => this.#look(),
    looked: () => this.#show(),
    pace: () => (this.waiting.length > 0 ? PACE_AWAITING : PACE_QUIET),
    quiet: PACE_QUIET,
    slowest: PACE_SLOWEST,
  });

  /** `changed` is called after every change of what is shown. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** How `mailing` behaves; null before it is known. */
  get behaviour() {
    return this.#behaviour.value;
  }

  /** Why the last look failed; null while it works. */
  get trouble() {
    return this.#watch.trouble;
  }

  /** The server's time, as far as its answers tell. */
  get at() {
    return Date.now() + this.#skew;
  }

  /** Look at once and then again and again, or no more. */
  see(seen) {
    if (seen) this.#watch.start();
    else this.#watch.stop();
  }

  /** Publish so many users; those that were published are waited for even where others failed. Throws a Problem. */
  async publish(number) {
    const outcomes = await Promise.allSettled(Array.from({ length: number }, () => publishUser()));
    const failed = outcomes.find(({ status }) => status === "rejected");
    const published = outcomes.filter(({ status }) => status === "fulfilled").map(() => this.at);
    this.waiting = [...this.waiting, ...published];
    this.#moved();
    if (failed) throw failed.reason;
  }

  /** Have `mailing` behave so. Throws a Problem. */
  async behave(behaviour) {
    try {
      await this.#behaviour.set(behaviour, setDeliveryDemo);
    } finally {
      this.#moved();
    }
  }

  /** Have `mailing` receive after all what it has failed to. Throws a Problem. */
  async deliver() {
    await retryMissedMail();
    this.#moved();
  }

  #moved() {
    this.#show();
    this.#watch.nudge();
  }

  async #look() {
    this.rules ??= await readDeliveryRules();
    const since = new Date(shownSince(this.rules, this.at)).toISOString();
    const takeBehaviour = this.#behaviour.reading();
    const [{ items, date }, behaviour] = await Promise.all([
      // Windows may have been shorter before.
      readDeliveryWindows({ topic: TOPIC, since, limit: 2 * SLOTS }),
      readDeliveryDemo(),
    ]);
    takeBehaviour(behaviour);
    this.#windows = items;
    const isMissed = items.some(({ missed }) => missed > 0);
    this.missed = isMissed ? await readMissedDeliveries({ topic: TOPIC, since, limit: MOST_MISSED }) : [];
    this.#setClock(date);
  }

  #setClock(date) {
    // The header knows seconds only: smaller differences are none.
    const skew = date - Date.now();
    if (Number.isFinite(skew) && Math.abs(skew - this.#skew) > 1500) this.#skew = skew;
  }

  #show() {
    if (this.rules) {
      this.slots = slotsOf(this.#windows, this.rules, this.at);
      this.sums = sumsOf(this.slots);
      this.waiting = this.waiting.filter((published) => this.#isAwaited(published));
    }
    this.#changed();
  }

  #isAwaited(published) {
    const slot = this.slots.find(({ start, end }) => start <= published && published < end);
    return slot?.events ? false : this.at < countedAt(this.rules, published) + GIVEN_UP;
  }
}
