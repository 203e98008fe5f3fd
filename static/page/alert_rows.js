// What is shown of readings, alerts and texts: each reading in a row, with what has become of it. Nothing here asks or draws.

import { count, duration } from "./format.js";

export const Stage = Object.freeze({
  VALID: "valid",
  UNDER_WAY: "under way",
  PENDING: "pending",
  SENT: "sent",
  FAILED: "failed",
});

/**
 * At most `most` rows, newest first: `{key, value, sensorId, time, range, stage, alert, text}`. `readings` are those that
 * this page has sent; of most alerts another client has sent the reading.
 */
export function rowsOf({ readings, alerts, texts }, most) {
  const textOf = new Map(texts.map((text) => [text.id, text]));
  const rows = new Map(readings.map((reading) => [keyOf(reading), ofReading(reading)]));
  for (const alert of alerts) {
    const { reading, validRange } = alert.context.context;
    const key = keyOf(reading);
    const at = Date.parse(alert.createdAt);
    const text = textOf.get(alert.id) ?? null;
    rows.set(key, { ...reading, key, at, range: validRange, stage: alert.delivery.state, alert, text });
  }
  return [...rows.values()].sort((one, other) => other.at - one.at).slice(0, most);
}

/** Whether something will happen to a row by itself. */
export function isAwaited({ stage }) {
  return stage === Stage.PENDING || stage === Stage.UNDER_WAY;
}

/** `{title, subline}` of all rows. */
export function alertsHeadline(rows, behaviour) {
  const of = (stage) => rows.filter((row) => row.stage === stage);
  const waiting = of(Stage.PENDING).length + of(Stage.UNDER_WAY).length;
  if (waiting > 0) return { title: `${alerts(waiting)} ${waiting === 1 ? "waits" : "wait"}`, subline: reasonOf(rows, behaviour) };
  const failed = of(Stage.FAILED).length;
  if (failed > 0) {
    return { title: `${alerts(failed)} failed`, subline: "The provider has refused three times. Others go on; a failed one can be delivered after all." };
  }
  const [newest] = of(Stage.SENT);
  if (!newest) return { title: "No alerts yet", subline: "A reading is stored; a worker follows the readings, another one the alerts." };
  return { title: "The provider knows", subline: `Its newest alert: ${crossingOf(newest) || "told"}.` };
}

/** How long the provider did not know of an alert; nothing where that is not known. */
export function crossingOf({ alert, text }) {
  const took = text && Date.parse(text.takenAt) - Date.parse(alert.createdAt);
  return Number.isFinite(took) && took >= 0 && text ? `${duration(took)} after it was kept` : "";
}

function ofReading(reading) {
  const { value, range, time } = reading;
  const valid = range !== null && range.from <= value && value <= range.to;
  return {
    ...reading,
    key: keyOf(reading),
    at: time,
    stage: valid ? Stage.VALID : Stage.UNDER_WAY,
    alert: null,
    text: null,
  };
}

function reasonOf(rows, behaviour) {
  const error = rows.find(({ alert }) => alert?.delivery.state === Stage.PENDING && alert.delivery.lastError);
  if (error) return `Last: ${error.alert.delivery.lastError}. It is asked again for as long as that takes.`;
  return behaviour === "take" ? "On the way to the provider." : "The provider is failing.";
}

function keyOf({ sensorId, time }) {
  return `${sensorId.toLowerCase()}/${time}`;
}

function alerts(number) {
  return `${count(number)} ${number === 1 ? "alert" : "alerts"}`;
}
