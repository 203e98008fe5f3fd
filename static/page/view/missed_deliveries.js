// The newest deliveries that are missing, in a table: which event, whom it has not reached, since when.

import { clock, count } from "../format.js";
import { element, setHidden, setText } from "./element.js";

/** `deliver()` is called to have them delivered after all. Returns `render(desk)`. */
export function createMissedDeliveries(section, deliver) {
  const [body, empty, more] = [section.querySelector("tbody"), section.querySelector(".empty"), section.querySelector(".more")];
  const scroll = section.querySelector(".scroll");
  const again = section.querySelector("button");
  again.addEventListener("click", deliver);
  let drawn = "";

  return ({ missed, sums, behaviour }) => {
    setHidden(again, missed.length === 0);
    setText(again, behaviour === "fail" ? "Try to deliver after all" : "Deliver after all");
    setHidden(scroll, missed.length === 0);
    setHidden(empty, missed.length > 0);
    const others = Math.max(sums.missed - missed.length, 0);
    setHidden(more, missed.length === 0 || others === 0);
    setText(more, `and ${count(others)} more`);
    const now = JSON.stringify(missed);
    if (now === drawn) return;
    drawn = now;
    body.replaceChildren(...missed.map(rowOf));
  };
}

function rowOf({ subscription, eventID, publishedAt }) {
  const name = element("th", "", element("code", "", eventID));
  name.scope = "row";
  return element("tr", "", name, element("td", "", subscription), element("td", "", clock(publishedAt)));
}
