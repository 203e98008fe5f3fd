// The windows of the chart as a table, for those who would rather read or hear numbers.

import { State } from "../delivery_windows.js";
import { clockSeconds, count, percent } from "../format.js";
import { element, setHidden } from "./element.js";

/** Returns `render(desk)`; nothing is made of it while it is closed. */
export function createDeliveryTable(details) {
  const body = details.querySelector("tbody");
  let latest = [];
  let drawn = "";

  const render = ({ slots }) => {
    latest = slots;
    setHidden(details, !slots.some(isTold));
    if (!details.open) return;
    const rows = slots.filter(isTold).toReversed();
    const now = JSON.stringify(rows);
    if (now === drawn) return;
    drawn = now;
    body.replaceChildren(...rows.map(rowOf));
  };
  details.addEventListener("toggle", () => render({ slots: latest }));
  return render;
}

function isTold({ state, failed }) {
  return state === State.COUNTED || failed > 0;
}

function rowOf({ start, end, rate, expected, received, missed, failed, late }) {
  const name = element("th", "", `${clockSeconds(start)} to ${clockSeconds(end)}`);
  name.scope = "row";
  const cells = [percent(rate ?? NaN), count(expected), count(received), count(missed), count(failed), late ? "yes" : "no"];
  return element("tr", "", name, ...cells.map((text) => element("td", "", text)));
}
