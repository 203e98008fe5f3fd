// The section of delivery tracking before anything is known: its form, its figures, its chart and its tables.

import { drawing, element, made } from "./element.js";

/** Puts all of it into the section. */
export function fillDeliverySection(section) {
  section.append(
    made("h2", { id: "delivery-title" }, "Who has received what was published"),
    publishForm(),
    element("div", "board", ratesCard(), missedCard()),
    made("p", { class: "visually-hidden", role: "status" }),
  );
}

function publishForm() {
  const topic = ["Topic ", code("create-user"), ", which the subscriptions ", code("mailing"), " and ", code("counting"), " receive."];
  const one = made("button", { class: "primary", type: "submit", "data-publish": 1 }, "Publish a user");
  const ten = made("button", { class: "ten", type: "submit", "data-publish": 10 }, "Publish 10 users");
  return made(
    "form",
    { id: "publish", class: "card setup", "aria-label": "Publish users", autocomplete: "off" },
    element("p", "hint", ...topic),
    element("div", "actions", one, ten),
    made("p", { class: "trouble", role: "status" }),
    behaviours(),
  );
}

function behaviours() {
  const ways = [way("receive", "Receives", { checked: true }), way("fail", "Fails", {}), way("slow", "Is slow", {})];
  const hint =
    "Let it fail, publish, and watch the rate fall with the next window. What a slow one receives after 20 s revises the windows that were counted before.";
  return element(
    "fieldset",
    "field behaviours",
    element("legend", "", "What ", code("mailing"), " does"),
    element("div", "choice ways", ...ways),
    element("p", "hint", hint),
  );
}

function way(value, text, attributes) {
  return element("label", "", made("input", { type: "radio", name: "mailing", value, ...attributes }), element("span", "", text));
}

function ratesCard() {
  const figures = [
    figure("expected", "Expected", ""),
    figure("received", "Received", ""),
    figure("missed", "Missed", "by a subscription"),
    figure("failed", "Failed", "could not be published"),
  ];
  return made(
    "section",
    { class: "card rates", "aria-labelledby": "rates-title" },
    made("h3", { id: "rates-title" }, "Nothing published lately"),
    element("p", "subline"),
    made("p", { class: "trouble", hidden: true }),
    element("dl", "figures", ...figures),
    chart(),
    windowsTable(),
  );
}

function figure(name, term, note) {
  return made("div", { "data-figure": name }, element("dt", "", term), element("dd", "", "–"), element("dd", "note", note));
}

function chart() {
  const scale = ["100 %", "50 %", "0 %"].map((text) => element("span", "", text));
  const grid = ["0", "50%"].map((y) => drawing("line", { x1: 0, x2: "100%", y1: y, y2: y }));
  const svg = drawing(
    "svg",
    { role: "img", "aria-labelledby": "completion-caption" },
    drawing("g", { class: "grid" }, ...grid),
    drawing("g", { class: "columns" }),
    drawing("line", { class: "threshold", x1: 0, x2: "100%", y1: 0, y2: 0 }),
  );
  const ends = made("p", { class: "ends", "aria-hidden": "true" }, element("span", "oldest"), element("span", "", "now"));
  return element("figure", "completion", made("div", { class: "scale", "aria-hidden": "true" }, ...scale), svg, ends, caption());
}

function caption() {
  const key = (name, text) => element("span", `key ${name}`, text);
  return made(
    "figcaption",
    { id: "completion-caption" },
    "The completion rate of the newest ",
    element("span", "span", "30 windows of 10 s"),
    ": ",
    ...[key("received", "received"), ", ", key("missing", "missing"), ", ", key("open", "not counted yet"), ", "],
    ...[key("late", "revised by what came late"), "; ", key("alarm", "alarm")],
  );
}

function windowsTable() {
  const region = { class: "scroll", role: "region", "aria-label": "Windows", tabindex: 0 };
  const columns = ["Window", "Rate", "Expected", "Received", "Missed", "Failed", "Late"];
  return made("details", { hidden: true }, element("summary", "", "The windows as a table"), made("div", region, table(columns)));
}

function missedCard() {
  const region = { class: "scroll", role: "region", "aria-labelledby": "missed-title", tabindex: 0, hidden: true };
  const again = made("button", { class: "again", type: "button", hidden: true }, "Deliver after all");
  return made(
    "section",
    { class: "card missed", "aria-labelledby": "missed-title" },
    element("div", "missed-head", made("h3", { id: "missed-title" }, "Missing"), again),
    element("p", "empty", "Nothing is missing in the windows above."),
    made("div", region, table(["Event", "Not received by", "Published"])),
    made("p", { class: "hint more", hidden: true }),
  );
}

function table(columns) {
  const heads = columns.map((name) => made("th", { scope: "col" }, name));
  return element("table", "", element("thead", "", element("tr", "", ...heads)), element("tbody", ""));
}

function code(text) {
  return element("code", "", text);
}
