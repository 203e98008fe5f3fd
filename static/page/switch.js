// A setting on the server that the page shows and sets.

export class Switch {
  /** What it is set to; null before it is known. */
  value = null;

  #writing = 0;
  #moves = 0;

  /** Have `write` set it; it is shown once that is done. Throws what `write` throws. */
  async set(value, write) {
    this.#writing += 1;
    this.#moves += 1;
    try {
      await write(value);
      this.value = value;
    } finally {
      this.#writing -= 1;
      this.#moves += 1;
    }
  }

  /** Begin to read it: what this returns takes what was read, unless that may be older than what is shown. */
  reading() {
    const before = this.#moves;
    return (value) => {
      if (this.#writing === 0 && this.#moves === before) this.value = value;
    };
  }
}
