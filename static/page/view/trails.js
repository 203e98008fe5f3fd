// The list of readings, each with its alert and with what the provider was told.

import { alertsHeadline, crossingOf, Stage } from "../alert_rows.js";
import { clock } from "../format.js";
import { element, setHidden, setText } from "./element.js";

/** `deliver(alertId)` is called to have a failed alert delivered. Returns `render(desk)`. */
export function createTrails(section, deliver) {
  const list = section.querySelector(".trails");
  const [title, subline, trouble] = ["h3", ".subline", ".trouble"].map((selector) => list.querySelector(selector));
  const items = list.querySelector("ol");
  const announcer = section.querySelector(".visually-hidden[role=status]");
  const trails = new Map();
  let spoken = title.textContent;

  return ({ rows, behaviour, trouble: problem }) => {
    const headline = alertsHeadline(rows, behaviour);
    setText(title, headline.title);
    setText(subline, headline.subline);
    setHidden(trouble, !problem);
    setText(trouble, problem ? `Not up to date: ${problem.title}. Trying again.` : "");
    setHidden(list.querySelector(".trail-head"), rows.length === 0);
    if (headline.title !== spoken) setText(announcer, `${headline.title}. ${headline.subline}`);
    spoken = headline.title;
    renderRows(items, trails, rows, deliver);
  };
}

function renderRows(items, trails, rows, deliver) {
  for (const key of [...trails.keys()].filter((known) => !rows.some((row) => row.key === known))) {
    trails.get(key).item.remove();
    trails.delete(key);
  }
  rows.forEach((row, position) => {
    const trail = trails.get(row.key) ?? createTrail(row, deliver);
    trails.set(row.key, trail);
    trail.show(row);
    if (items.children[position] !== trail.item) items.insertBefore(trail.item, items.children[position] ?? null);
  });
}

function createTrail(first, deliver) {
  let shown = first;
  const [value, when, range] = [element("p", "value", String(first.value)), element("p", "facts", whenceOf(first)), element("p", "facts")];
  const reading = element("div", "stage", value, when, range);
  const [status, why] = [element("span", "status"), element("p", "facts why")];
  const again = element("button", "again", "Deliver after all");
  again.type = "button";
  again.setAttribute("aria-label", `Deliver after all: ${first.value}`);
  again.addEventListener("click", () => deliver(shown.alert.id));
  const alert = element("div", "stage", element("p", "", status), why, again);
  const [told, taken] = [element("p", "told"), element("p", "facts")];
  const provider = element("div", "stage", told, taken);
  const item = element("li", "trail", reading, alert, provider);

  const show = (row) => {
    shown = row;
    item.dataset.stage = row.stage;
    setText(range, row.range ? `valid ${row.range.from} to ${row.range.to}` : "");
    setText(status, LABELS[row.stage]);
    status.dataset.status = LABELS[row.stage];
    setText(why, whyOf(row));
    setHidden(again, row.stage !== Stage.FAILED);
    setText(told, row.text ? row.text.text : "");
    setText(taken, takenFacts(row));
  };
  return { item, show };
}

const LABELS = {
  [Stage.VALID]: "VALID",
  [Stage.UNDER_WAY]: "UNDER WAY",
  [Stage.PENDING]: "PENDING",
  [Stage.SENT]: "SENT",
  [Stage.FAILED]: "FAILED",
};

function whenceOf({ time, sensorId }) {
  return `${clock(time)} · sensor ${sensorId.slice(0, 8)}`;
}

function whyOf({ stage, alert }) {
  if (stage === Stage.VALID) return "within the range: no alert";
  if (!alert) return "stored, not yet an alert";
  const { attempts, lastError } = alert.delivery;
  const refused = attempts > 0 ? `, refused ${attempts === 1 ? "once" : `${attempts} times`}` : "";
  return lastError ? `${lastError}${refused}` : `kept ${clock(alert.createdAt)}`;
}

function takenFacts({ stage, alert, text }) {
  if (text) {
    const again = text.received > 1 ? ` · came ${text.received} times, kept once` : "";
    return `taken by ${text.appId}, ${crossingOf({ alert, text })}${again}`;
  }
  if (stage === Stage.SENT) return "told; its text is not among the newest of the built-in provider";
  if (stage === Stage.FAILED) return "does not know";
  return stage === Stage.VALID ? "" : "does not know yet";
}
