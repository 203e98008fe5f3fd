// Says why no users came, and offers the source that needs no internet.

import { setHidden, setText } from "./element.js";

/** `useSample()` is called when the offer is taken. Returns `render(session)`. */
export function createNotice(section, useSample) {
  const offer = section.querySelector("button");
  offer.addEventListener("click", useSample);

  return ({ run }) => {
    const { problem } = run;
    setHidden(section, !problem);
    if (!problem) return;
    setText(section.querySelector("h2"), problem.status ? `${problem.title} (${problem.status})` : problem.title);
    setText(section.querySelector("p"), problem.detail);
    setHidden(offer, run.options.source === "sample");
  };
}
