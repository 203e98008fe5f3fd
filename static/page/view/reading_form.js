// The form: which reading to send, and why the last thing that was asked for here did not work.

import { Problem, reasonOf } from "../problem.js";
import { setText, setUsable } from "./element.js";

/** `send({sensorId, value})` may throw a Problem. Returns `{attempt(action)}`, which shows what an action throws. */
export function createReadingForm(form, send) {
  const { value, sensor } = form.elements;
  const button = form.querySelector("[type=submit]");
  const trouble = form.querySelector(".trouble");
  let sending = false;

  const attempt = async (action) => {
    setText(trouble, "");
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setText(trouble, `${error.title}. ${reasonOf(error)}`);
    }
  };

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
