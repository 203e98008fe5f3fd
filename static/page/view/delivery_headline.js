// The headline of delivery tracking and its numbers, and what a screen reader is told of them.

import { SLOTS, deliveryHeadline } from "../delivery_windows.js";
import { count } from "../format.js";
import { setHidden, setText } from "./element.js";

/** Returns `render(desk)`. */
export function createDeliveryHeadline(section) {
  const part = (selector) => section.querySelector(selector);
  const [title, subline, trouble] = [part("h3"), part(".subline"), part(".rates > .trouble")];
  const announcer = part(".visually-hidden[role=status]");
  const figure = (name) => part(`[data-figure="${name}"] dd`);
  const figures = ["expected", "received", "missed", "failed"].map((name) => [name, figure(name)]);
  const events = part('[data-figure="expected"] .note');
  const late = part('[data-figure="received"] .note');
  let spoken = title.textContent;

  return (desk) => {
    const { sums, rules, trouble: problem } = desk;
    const headline = deliveryHeadline(desk);
    setText(title, headline.title);
    setText(subline, headline.subline);
    title.classList.toggle("bad", headline.good === false);
    setHidden(trouble, !problem);
    setText(trouble, problem ? `Not up to date: ${problem.title}. Trying again.` : "");
    for (const [name, dd] of figures) setText(dd, rules ? count(sums[name]) : "–");
    part('[data-figure="missed"]').classList.toggle("bad", sums.missed > 0);
    setText(events, `of ${count(sums.events)} ${sums.events === 1 ? "event" : "events"}`);
    setText(late, sums.late > 0 ? `${count(sums.late)} ${sums.late === 1 ? "window" : "windows"} revised` : "");
    if (rules) setText(part(".span"), `${SLOTS} windows of ${rules.windowSeconds} s`);
    if (headline.title !== spoken) setText(announcer, `${headline.title}. ${headline.subline}`);
    spoken = headline.title;
  };
}
