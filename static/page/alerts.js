// Puts the alerts together: one desk, and the views that show it.

import { AlertDesk } from "./alert_desk.js";
import { oncePerFrame } from "./frame.js";
import { watchSight } from "./sight.js";
import { createBehaviourSwitch } from "./view/behaviour_switch.js";
import { createReadingForm } from "./view/reading_form.js";
import { createTrails } from "./view/trails.js";

const section = document.querySelector("#alerts");
const desk = new AlertDesk(() => draw());
const form = section.querySelector("#reading");
const reading = createReadingForm(form, (sent) => desk.send(sent));
const views = [
  createBehaviourSwitch(form.querySelector(".behaviours"), "take", (answer) => reading.attempt(() => desk.behave(answer))),
  createTrails(section, (alertId) => reading.attempt(() => desk.deliver(alertId))),
];

const draw = oncePerFrame(() => {
  for (const render of views) render(desk);
});

watchSight(section, (seen) => desk.see(seen));
