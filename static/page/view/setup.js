// The form: what to send, and the three buttons.

import { count } from "../format.js";
import { setText, setUsable } from "./element.js";

/**
 * `actions` is `{generate(options), cancel(), retry()}`.
 * Returns `{render(session), generateFrom(source), proposeSeed(seed)}`.
 */
export function createSetup(form, actions) {
  const { count: amount, seed, parallel } = form.elements;
  const find = (selector) => form.querySelector(selector);
  const buttons = { generate: find("#generate"), cancel: find("#cancel"), retry: find("#retry") };
  const width = find("#parallel-value");

  const generate = () => {
    if (form.reportValidity()) actions.generate(optionsOf(form));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    generate();
  });
  find(".presets").addEventListener("click", ({ target }) => {
    if (target.dataset.count) amount.value = target.dataset.count;
  });
  parallel.addEventListener("input", () => setText(width, parallel.value));
  buttons.cancel.addEventListener("click", actions.cancel);
  buttons.retry.addEventListener("click", actions.retry);

  return {
    render({ run }) {
      setUsable(buttons.generate, !run.active);
      setUsable(buttons.cancel, run.active);
      setUsable(buttons.retry, run.retryable);
      setText(buttons.retry, run.failures.size > 0 ? `Retry failed (${count(run.failures.size)})` : "Retry failed");
    },
    generateFrom(source) {
      form.elements.source.value = source;
      generate();
    },
    proposeSeed(value) {
      seed.value = value;
    },
  };
}

function optionsOf({ elements }) {
  return {
    count: elements.count.valueAsNumber,
    seed: elements.seed.value.trim(),
    source: elements.source.value,
    mode: elements.mode.value,
    parallel: elements.parallel.valueAsNumber,
  };
}
