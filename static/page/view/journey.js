// One user's way through the stores, event by event, as the write side recorded it.

import { readEvents } from "../api.js";
import { clock, duration } from "../format.js";
import { Problem } from "../problem.js";
import { element, setText } from "./element.js";
import { face } from "./face.js";

/** Returns `open(user)`, for an entry of `newestOf`. */
export function createJourney(dialog) {
  const find = (selector) => dialog.querySelector(selector);
  let asked = null;
  find("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  return async (user) => {
    asked = user.id;
    setText(find("#journey-title bdi"), user.person.name);
    setText(find(".journey-place bdi"), user.person.place);
    find(".face").replaceWith(face(user.person));
    find(".journey-steps").replaceChildren();
    setText(find(".journey-state"), "Reading its events…");
    dialog.showModal();
    const { steps, state } = await journeyOf(user.id);
    if (asked !== user.id) return;
    find(".journey-steps").replaceChildren(...steps);
    setText(find(".journey-state"), state);
  };
}

async function journeyOf(id) {
  try {
    const events = await readEvents(id);
    const steps = events.map((event) => stepOf(event, events[0]));
    return { steps, state: `${events.length} ${events.length === 1 ? "event" : "events"}, kept in PostgreSQL` };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { steps: [], state: `Its events cannot be read: ${error.title}.` };
  }
}

function stepOf({ stage, type, version, appId, recordedAt }, first) {
  const since = Date.parse(recordedAt) - Date.parse(first.recordedAt);
  const when = element("time", "", clock(recordedAt));
  when.dateTime = recordedAt;
  const status = element("span", "status", stage);
  status.dataset.status = stage;
  const facts = element("p", "facts", `version ${version} · by ${appId}${since > 0 ? ` · ${duration(since)} later` : ""}`);
  return element("li", "", element("p", "", status, " ", when), facts, element("p", "wire", type));
}
