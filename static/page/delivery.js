// Puts delivery tracking together: one desk, and the views that show it.

import { DeliveryDesk } from "./delivery_desk.js";
import { oncePerFrame } from "./frame.js";
import { watchSight } from "./sight.js";
import { createBehaviourSwitch } from "./view/behaviour_switch.js";
import { createDeliveryChart } from "./view/delivery_chart.js";
import { createDeliveryHeadline } from "./view/delivery_headline.js";
import { fillDeliverySection } from "./view/delivery_section.js";
import { createDeliveryTable } from "./view/delivery_table.js";
import { createMissedDeliveries } from "./view/missed_deliveries.js";
import { createPublishForm } from "./view/publish_form.js";

const section = document.querySelector("#delivery");
fillDeliverySection(section);
const part = (selector) => section.querySelector(selector);
const desk = new DeliveryDesk(() => draw());
const form = createPublishForm(part("form"), (number) => desk.publish(number));
const views = [
  createBehaviourSwitch(part(".behaviours"), "receive", (behaviour) => form.attempt(() => desk.behave(behaviour))),
  createDeliveryHeadline(section),
  createDeliveryChart(part(".completion")),
  createDeliveryTable(part("details")),
  createMissedDeliveries(part(".missed"), () => form.attempt(() => desk.deliver())),
];

const draw = oncePerFrame(() => {
  for (const render of views) render(desk);
});

watchSight(section, (seen) => desk.see(seen));
