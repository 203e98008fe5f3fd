// What is shown of delivery windows: their slots in the chart, their sums, a headline. Nothing here asks or draws.
// Times are milliseconds since 1970 by the server's clock. A window is of one topic, as the server answers it.

import { clockSeconds, count, percent } from "./format.js";

export const SLOTS = 30;

export const State = Object.freeze({
  /** It can still get events, or is not counted yet. */
  OPEN: "open",
  /** Nothing was expected in it. */
  EMPTY: "empty",
  COUNTED: "counted",
});

/** When the oldest slot starts of those that are shown at `at`. */
export function shownSince(rules, at) {
  return startOf(rules, at) - (SLOTS - 1) * lengthOf(rules);
}

/** The slots at `at`, oldest first: `{start, end, state, late, events, failed, expected, received, missed, rate}`. */
export function slotsOf(windows, rules, at) {
  const since = shownSince(rules, at);
  const length = lengthOf(rules);
  const slots = Array.from({ length: SLOTS }, (_, turn) => emptySlot(since + turn * length, length));
  for (const window of windows) {
    const slot = slots[Math.floor((Date.parse(window.start) - since) / length)];
    if (slot) add(slot, window);
  }
  for (const slot of slots) {
    slot.rate = slot.expected > 0 ? slot.received / slot.expected : null;
    slot.state = stateOf(slot, rules, at);
  }
  return slots;
}

/** All slots together: `{events, failed, expected, received, missed, rate, late}`; `late` is how many were revised. */
export function sumsOf(slots) {
  const total = (name) => slots.reduce((sum, slot) => sum + slot[name], 0);
  const [expected, received] = [total("expected"), total("received")];
  return {
    events: total("events"),
    failed: total("failed"),
    expected,
    received,
    missed: expected - received,
    rate: expected > 0 ? received / expected : null,
    late: slots.filter((slot) => slot.late).length,
  };
}

/** The rate below which there is an alarm. */
export function thresholdOf(rules, topic) {
  return rules.thresholds[topic] ?? rules.threshold;
}

/** Until when an event that was published at `at` is sure to be counted. */
export function countedAt(rules, at) {
  return startOf(rules, at) + lengthOf(rules) + rules.graceSeconds * 1000;
}

/** `{title, subline, good}` of all that is shown; `good` is null where there is no rate. */
export function deliveryHeadline({ slots, rules, topic, waiting, at }) {
  if (rules && !rules.tracked) return { title: "Nothing is tracked", subline: "DELIVERY_TRACKING=0 has switched it off.", good: null };
  const newest = slots.findLast((slot) => slot.rate !== null);
  const coming = waitingLine(waiting, rules, at);
  if (!newest) return { title: coming ? "Not counted yet" : "Nothing published lately", subline: coming || NOTHING, good: null };
  const good = newest.rate >= thresholdOf(rules, topic);
  const title = good ? `${percent(newest.rate)} received` : `Only ${percent(newest.rate)} received`;
  return { title, subline: [newestLine(newest), coming].filter(Boolean).join(" "), good };
}

/** A slot in words, for a tooltip: what was received of what, and whether something came late. */
export function slotText({ start, end, state, rate, received, expected, failed, late }) {
  const span = `${clockSeconds(start)} to ${clockSeconds(end)}`;
  if (state === State.OPEN) return `${span}: not counted yet`;
  if (state === State.EMPTY) return `${span}: nothing was expected${failed ? `, ${count(failed)} failed to be sent` : ""}`;
  return `${span}: ${percent(rate)}, ${count(received)} of ${count(expected)} received${late ? ", revised by what came late" : ""}`;
}

const NOTHING = "Publish a user: two subscriptions of its topic should receive it.";

function newestLine({ received, expected, end, late }) {
  const came = late ? ", some of it late" : "";
  return `${count(received)} of ${count(expected)} deliveries in the newest window, until ${clockSeconds(end)}${came}.`;
}

function waitingLine(waiting, rules, at) {
  if (!rules || waiting.length === 0) return "";
  const due = Math.max(countedAt(rules, Math.max(...waiting)) - at, 0);
  const who = `${count(waiting.length)} ${waiting.length === 1 ? "user is" : "users are"}`;
  return due > 0 ? `${who} counted in ${count(Math.ceil(due / 1000))} s.` : `${who} about to be counted.`;
}

function emptySlot(start, length) {
  return { start, end: start + length, late: false, events: 0, failed: 0, expected: 0, received: 0, missed: 0 };
}

function add(slot, window) {
  for (const name of ["events", "failed", "expected", "received", "missed"]) slot[name] += window[name];
  slot.late ||= window.late;
}

function stateOf(slot, rules, at) {
  if (slot.rate !== null) return State.COUNTED;
  return slot.end + rules.graceSeconds * 1000 > at ? State.OPEN : State.EMPTY;
}

function startOf(rules, at) {
  return at - (at % lengthOf(rules));
}

function lengthOf({ windowSeconds }) {
  return windowSeconds * 1000;
}
