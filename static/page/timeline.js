// How a run went over time, in a bounded number of points.

const CAPACITY = 240;

export class Timeline {
  /** `{at, accepted, synchronized}` in order; `at` in milliseconds since the beginning of the run. */
  points = [];
  #spacing = 20;

  /** Takes a point, or moves the last one where the two would be too close to tell apart. */
  mark(at, accepted, synchronized) {
    const point = { at, accepted, synchronized };
    const beforeLast = this.points.at(-2);
    if (beforeLast && at - beforeLast.at < this.#spacing) {
      this.points[this.points.length - 1] = point;
      return;
    }
    this.points.push(point);
    if (this.points.length > CAPACITY) this.#thin();
  }

  #thin() {
    const last = this.points.length - 1;
    this.points = this.points.filter((_, index) => index % 2 === 0 || index === last);
    this.#spacing *= 2;
  }
}
