// The switch by which somebody in a demonstration fails, and how it stands now, whoever has set it.

/** `behave(behaviour)` is called when another one is chosen; `usual` is no failure. Returns `render(desk)`. */
export function createBehaviourSwitch(fieldset, usual, behave) {
  const radios = [...fieldset.querySelectorAll("input")];
  let choosing = 0;
  fieldset.addEventListener("change", async ({ target }) => {
    choosing += 1;
    await behave(target.value);
    choosing -= 1;
  });

  return ({ behaviour }) => {
    // What the user is choosing is not taken back by an older look.
    if (behaviour === null || choosing > 0) return;
    for (const radio of radios) if (radio.value === behaviour && !radio.checked) radio.checked = true;
    fieldset.classList.toggle("failing", behaviour !== usual);
  };
}
