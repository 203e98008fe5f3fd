// The completion rate of the newest windows: a column each, what was received below and what is missing above it.

import { SLOTS, State, slotText, thresholdOf } from "../delivery_windows.js";
import { clockSeconds, percent } from "../format.js";
import { drawing, setText } from "./element.js";

// Parts of a hundred, of the width and of the height.
const COLUMN = 100 / SLOTS;
const GAP = 0.2 * COLUMN;
const LATE_AT = 107;

/** Returns `render(desk)`. */
export function createDeliveryChart(figure) {
  const plot = figure.querySelector("svg");
  const columns = figure.querySelector(".columns");
  const line = figure.querySelector(".threshold");
  const [oldest, alarm] = [figure.querySelector(".oldest"), figure.querySelector(".alarm")];
  let drawn = "";

  return ({ slots, rules, topic }) => {
    if (!rules) return;
    const threshold = thresholdOf(rules, topic);
    const now = JSON.stringify([slots, threshold]);
    if (now === drawn) return;
    drawn = now;
    columns.replaceChildren(...slots.map(columnOf));
    for (const name of ["y1", "y2"]) line.setAttribute(name, share(1 - threshold));
    setText(oldest, clockSeconds(slots[0].start));
    setText(alarm, `alarm below ${percent(threshold)}`);
    plot.classList.toggle("quiet", slots.every(({ state }) => state !== State.COUNTED));
  };
}

function columnOf(slot, turn) {
  const x = `${(turn * COLUMN + GAP / 2).toFixed(3)}%`;
  const width = `${(COLUMN - GAP).toFixed(3)}%`;
  return drawing("g", { class: slot.state }, drawing("title", {}, slotText(slot)), ...marksOf(slot, x, width));
}

function marksOf({ state, rate, late }, x, width) {
  if (state !== State.COUNTED) {
    return [drawing("rect", { class: state, x, width, y: state === State.OPEN ? "0%" : "97%", height: state === State.OPEN ? "100%" : "3%" })];
  }
  const marks = [drawing("rect", { class: "received", x, width, y: share(1 - rate), height: share(rate) })];
  if (rate < 1) marks.push(drawing("rect", { class: "missing", x, width, y: "0%", height: share(1 - rate) }));
  if (late) marks.push(drawing("rect", { class: "late", x, width, y: `${LATE_AT}%`, height: "4" }));
  return marks;
}

function share(part) {
  return `${(part * 100).toFixed(3)}%`;
}
