// Sends readings, sets the provider's switch, and looks what becomes of the alerts for as long as somebody sees them.

import { readAlerts, readBehaviour, readTexts, readValidRange, retryAlert, setBehaviour, storeReading } from "./api.js";
import { isAwaited, rowsOf } from "./alert_rows.js";
import { Problem } from "./problem.js";
import { Watch } from "./watch.js";

const ROWS = 8;
// A text may stand further back than its alert: one that has waited is told after newer ones.
const TEXTS = 50;
const PACE_AWAITING = 300;
const PACE_QUIET = 1500;
const PACE_SLOWEST = 10_000;
const AWAITING_SECONDS = 30;

export class AlertDesk {
  rows = [];
  /** How the provider behaves; null before it is known. */
  behaviour = null;
  /** Why the last look failed; null while it works. */
  trouble = null;

  #changed;
  #readings = [];
  #looked = { alerts: [], texts: [] };
  #failures = 0;
  #movedAt = -Infinity;
  #watch = new Watch(
    () => this.#look(),
    () => this.#pace(),
  );
  #switching = 0;

  /** `changed` is called after every change of what is shown. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Look at once and then again and again, or no more. */
  see(seen) {
    if (seen) this.#watch.start();
    else this.#watch.stop();
  }

  /** Store a reading of now. Throws a Problem. */
  async send({ sensorId, value }) {
    const reading = { sensorId, time: Date.now(), value };
    const [range] = await Promise.all([readValidRange(sensorId), storeReading(reading)]);
    this.#readings = [{ ...reading, range }, ...this.#readings].slice(0, ROWS);
    this.#moved();
  }

  /** Have the provider behave so. Throws a Problem. */
  async behave(answer) {
    this.#switching += 1;
    try {
      await setBehaviour(answer);
      this.behaviour = answer;
    } finally {
      this.#switching -= 1;
      this.#moved();
    }
  }

  /** Have an alert that failed delivered after all. Throws a Problem. */
  async deliver(alertId) {
    await retryAlert(alertId);
    this.#moved();
  }

  #moved() {
    this.#movedAt = performance.now();
    this.#show();
    this.#watch.nudge();
  }

  async #look() {
    const switching = this.#switching;
    try {
      const [alerts, texts, behaviour] = await Promise.all([
        readAlerts({ limit: ROWS }),
        readTexts({ limit: TEXTS }),
        readBehaviour(),
      ]);
      this.#looked = { alerts, texts };
      // What was read while the switch was set may be older than what is shown.
      if (switching === 0 && this.#switching === 0) this.behaviour = behaviour;
      this.trouble = null;
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.trouble = error;
      this.#failures += 1;
    }
    this.#show();
  }

  #show() {
    this.rows = rowsOf({ readings: this.#readings, ...this.#looked }, ROWS);
    this.#changed();
  }

  #pace() {
    if (this.trouble) return Math.min(PACE_QUIET * 2 ** (this.#failures - 1), PACE_SLOWEST);
    const lately = performance.now() - this.#movedAt < AWAITING_SECONDS * 1000;
    return lately && this.rows.some(isAwaited) ? PACE_AWAITING : PACE_QUIET;
  }
}
