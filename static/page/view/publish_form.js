// The buttons that publish users.

import { createAttempt } from "./attempt.js";
import { setUsable } from "./element.js";

/** `publish(number)` may throw a Problem. Returns `{attempt(action)}`, which shows what an action throws. */
export function createPublishForm(form, publish) {
  const buttons = [...form.querySelectorAll("[data-publish]")];
  const attempt = createAttempt(form.querySelector(".trouble"));
  let publishing = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (publishing) return;
    publishing = true;
    for (const button of buttons) setUsable(button, false);
    await attempt(() => publish(Number(event.submitter?.dataset.publish ?? 1)));
    publishing = false;
    for (const button of buttons) setUsable(button, true);
  });
  return { attempt };
}
