// The form: which reading to send, and why the last thing that was asked for here did not work.

import { createAttempt } from "./attempt.js";
import { setUsable } from "./element.js";

/** `send({sensorId, value})` may throw a Problem. Returns `{attempt(action)}`, which shows what an action throws. */
export function createReadingForm(form, send) {
  const { value, sensor } = form.elements;
  const button = form.querySelector("[type=submit]");
  const attempt = createAttempt(form.querySelector(".trouble"));
  let sending = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending || !form.reportValidity()) return;
    sending = true;
    setUsable(button, false);
    await attempt(() => send({ sensorId: sensor.value.trim(), value: value.valueAsNumber }));
    sending = false;
    setUsable(button, true);
  });
  form.querySelector(".presets").addEventListener("click", ({ target }) => {
    if (target.dataset.value) value.value = target.dataset.value;
  });
  return { attempt };
}
