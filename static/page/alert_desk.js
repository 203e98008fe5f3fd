// Sends readings, sets the provider's switch, and looks what becomes of the alerts for as long as somebody sees them.

import { readAlerts, readBehaviour, readTexts, readValidRange, retryAlert, setBehaviour, storeReading } from "./api.js";
import { isAwaited, rowsOf } from "./alert_rows.js";
import { PatientWatch } from "./patient_watch.js";
import { Switch } from "./switch.js";

const ROWS = 8;
// A text may stand further back than its alert: one that has waited is told after newer ones.
const TEXTS = 50;
const PACE_AWAITING = 300;
const PACE_QUIET = 1500;
const PACE_SLOWEST = 10_000;
const AWAITING_SECONDS = 30;

export class AlertDesk {
  rows = [];

  #changed;
  #readings = [];
  #looked = { alerts: [], texts: [] };
  #movedAt = -Infinity;
  #behaviour = new Switch();
  #watch = new PatientWatch({
    look: () => this.#look(),
    looked: () => this.#show(),
    pace: () => this.#pace(),
    quiet: PACE_QUIET,
    slowest: PACE_SLOWEST,
  });

  /** `changed` is called after every change of what is shown. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** How the provider behaves; null before it is known. */
  get behaviour() {
    return this.#behaviour.value;
  }

  /** Why the last look failed; null while it works. */
  get trouble() {
    return this.#watch.trouble;
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
    try {
      await this.#behaviour.set(answer, setBehaviour);
    } finally {
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
    const takeBehaviour = this.#behaviour.reading();
    const [alerts, texts, behaviour] = await Promise.all([
      readAlerts({ limit: ROWS }),
      readTexts({ limit: TEXTS }),
      readBehaviour(),
    ]);
    this.#looked = { alerts, texts };
    takeBehaviour(behaviour);
  }

  #show() {
    this.rows = rowsOf({ readings: this.#readings, ...this.#looked }, ROWS);
    this.#changed();
  }

  #pace() {
    const lately = performance.now() - this.#movedAt < AWAITING_SECONDS * 1000;
    return lately && this.rows.some(isAwaited) ? PACE_AWAITING : PACE_QUIET;
  }
}
