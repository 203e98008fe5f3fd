// Looks again and again until it is told to stop.

export class Watch {
  #look;
  #pace;
  #timer = null;
  #looking = false;
  #stopped = true;

  /** `look` is async and must not reject; `pace` says how many milliseconds to wait before the next look. */
  constructor(look, pace) {
    this.#look = look;
    this.#pace = pace;
  }

  start() {
    this.#stopped = false;
    this.nudge();
  }

  /** Look at once instead of waiting for the next turn. */
  nudge() {
    clearTimeout(this.#timer);
    if (!this.#looking) this.#turn();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #turn() {
    this.#looking = true;
    await this.#look();
    this.#looking = false;
    if (!this.#stopped) this.#timer = setTimeout(() => this.#turn(), this.#pace());
  }
}
