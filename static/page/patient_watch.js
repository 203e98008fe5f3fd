// A watch that takes trouble: it keeps why the last look failed, and asks less and less often until one works again.

import { Problem } from "./problem.js";
import { Watch } from "./watch.js";

export class PatientWatch extends Watch {
  /** Why the last look failed; null while it works. */
  trouble = null;

  #failures = 0;

  /**
   * `look` is async and may throw a Problem; `looked` is called after each look. `pace` says how many milliseconds to
   * wait before the next one while all is well; after failures it is `quiet`, doubled with each, up to `slowest`.
   */
  constructor({ look, looked, pace, quiet, slowest }) {
    super(
      async () => {
        await this.#attempt(look);
        looked();
      },
      () => (this.trouble ? Math.min(quiet * 2 ** (this.#failures - 1), slowest) : pace()),
    );
  }

  async #attempt(look) {
    try {
      await look();
      this.trouble = null;
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.trouble = error;
      this.#failures += 1;
    }
  }
}
