// How long it took: for the whole run, for one answer, and from one store to the other.

import { count, duration, rate } from "../format.js";
import { quantile } from "../quantile.js";
import { setText } from "./element.js";

/** Returns `render(session, at)`. */
export function createTimings(section) {
  const show = (name, value, note) => {
    const figure = section.querySelector(`[data-figure="${name}"]`);
    const [number, small] = figure.querySelectorAll("dd");
    setText(number, value);
    setText(small, note);
  };

  return ({ run }, at) => {
    const { elapsed, through, from, how } = run.recalled ? ofRows(run) : ofRun(run, at);
    show("elapsed", duration(elapsed), from);
    show("rate", through > 0 && elapsed > 0 ? rate((through / elapsed) * 1000) : "–", how);
    show("answer", duration(quantile(run.latencies, 0.5) ?? NaN), answerNote(run.latencies));
    show("crossing", atMost(run.rows, "p50"), crossingNote(run.rows));
  };
}

function ofRun(run, at) {
  return {
    elapsed: run.elapsed(at) ?? NaN,
    through: Math.min(run.accepted, run.synchronized),
    from: "first request to last confirmation",
    how: "end to end",
  };
}

function ofRows({ rows, synchronized }) {
  const first = Math.min(...rows.map((row) => Date.parse(row.firstCreatedAt)));
  const last = Math.max(...rows.map((row) => Date.parse(row.lastSynchronizedAt ?? row.lastCreatedAt)));
  return { elapsed: last - first, through: synchronized, from: "first creation to last confirmation", how: "end to end" };
}

function answerNote(latencies) {
  const slowest = quantile(latencies, 0.99);
  return slowest === null ? "as this browser sees it" : `p99 ${duration(slowest)}, of ${count(latencies.length)} requests`;
}

function crossingNote(rows) {
  const slowest = atMost(rows, "p99");
  return slowest === "–" ? "CREATED to SYNCHRONIZED" : `p99 ${slowest}, as recorded`;
}

/**
 * The quantile over all replicas lies between the smallest and the largest of theirs, and cannot be had more exactly from
 * them: one replica's stands as it is, of several the largest is a bound.
 */
function atMost(rows, name) {
  const values = rows.map((row) => row.latencyMs?.[name]).filter(Number.isFinite);
  if (values.length === 0) return "–";
  return `${values.length > 1 ? "≤ " : ""}${duration(Math.max(...values))}`;
}
