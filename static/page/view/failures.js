// Who failed and why: the reasons counted, and a bounded list of the users.

import { count, users } from "../format.js";
import { personOf } from "../person.js";
import { element, ownDirection, setHidden, setText } from "./element.js";

const LISTED = 50;

/** Returns `render(session)`. The lists are built anew only when the failures have changed. */
export function createFailures(section) {
  const find = (selector) => section.querySelector(selector);
  let shownRun = null;
  let shownSize = -1;

  return ({ run }) => {
    const { size } = run.failures;
    setHidden(section, size === 0);
    if (run === shownRun && size === shownSize) return;
    shownRun = run;
    shownSize = size;
    setText(find("h2"), `${users(size)} failed`);
    find(".reasons").replaceChildren(...reasonsOf(run.failures).map(reasonItem));
    const listed = [...run.failures].slice(0, LISTED);
    find(".failed").replaceChildren(...listed.map(([index, failure]) => userItem(run.users[index], failure)));
    setText(find(".more"), size > LISTED ? `and ${count(size - LISTED)} more` : "");
  };
}

/** `{label, number}`, the most frequent first. */
function reasonsOf(failures) {
  const numbers = new Map();
  for (const { status, title } of failures.values()) {
    const label = statusAndTitle(status, title);
    numbers.set(label, (numbers.get(label) ?? 0) + 1);
  }
  return [...numbers].map(([label, number]) => ({ label, number })).sort((one, other) => other.number - one.number);
}

function reasonItem({ label, number }) {
  return element("li", "", element("strong", "", count(number)), " ", label);
}

function userItem(user, { status, title, reason, instance }) {
  const name = ownDirection(personOf(user).name, "name");
  const why = [statusAndTitle(status, title), reason, instance && `said ${instance}`].filter(Boolean).join(" · ");
  return element("li", "", name, element("span", "why", why));
}

function statusAndTitle(status, title) {
  return status ? `${status} ${title}` : title;
}
