// The line from POST to SYNCHRONIZED, with what stands at each station now.

import { count } from "../format.js";
import { headlineOf } from "../headline.js";
import { Phase } from "../run.js";
import { setHidden, setText } from "./element.js";

/** Returns `render(session, at)`. */
export function createPipeline(section) {
  const find = (selector) => section.querySelector(selector);
  const stations = Object.fromEntries(
    [...section.querySelectorAll(".station")].map((station) => [station.dataset.station, station]),
  );
  const bars = { accepted: barOf(section, "accepted"), synchronized: barOf(section, "synchronized") };
  const seed = find("#seed-shown");

  return ({ run, trouble }, at) => {
    const { title, subline } = headlineOf(run, at);
    setText(find("#headline"), title);
    setText(find("#subline"), subline);
    section.dataset.phase = run.phase;
    setHidden(seed, !run.seed);
    setText(seed.querySelector("code"), run.seed);
    renderStations(stations, run);
    renderBars(bars, run);
    setHidden(find("#trouble"), !trouble);
    setText(find("#trouble"), trouble ? `Not up to date: ${trouble.title}. Trying again.` : "");
  };
}

function renderStations(stations, run) {
  const target = Math.max(run.requested, run.stored, 1);
  const sent = (run.recalled ? run.stored : run.accepted) / target;
  const crossed = run.synchronized / target;
  show(stations.post, run.recalled ? run.stored : run.accepted, postNote(run), sent);
  show(stations.postgresql, run.stored, "rows and events", crossed);
  show(stations.saga, run.crossing, "on their way", crossed);
  show(stations.mongodb, run.readBack ?? run.synchronized, documentsNote(run), crossed);
  show(stations.synchronized, run.synchronized, "confirmed", 0);
  const moving = run.phase === Phase.SENDING || run.phase === Phase.SETTLING;
  for (const station of Object.values(stations)) station.classList.toggle("moving", moving);
  stations.saga.classList.toggle("reached", run.stored > 0);
}

function postNote(run) {
  if (run.phase === Phase.SENDING) return `accepted, ${count(run.underWay)} under way`;
  return run.replayed > 0 ? `accepted, ${count(run.replayed)} known` : "accepted";
}

function documentsNote(run) {
  if (run.readBack === null) return "documents";
  return run.readBack === run.synchronized ? "documents, all read back" : "documents read back";
}

function show(station, number, note, fill) {
  setText(station.querySelector(".number"), count(number));
  setText(station.querySelector(".note"), note);
  station.style.setProperty("--fill", fill.toFixed(4));
  station.classList.toggle("reached", number > 0);
}

function barOf(section, name) {
  return { progress: section.querySelector(`#${name}-bar`), text: section.querySelector(`#${name}-text`) };
}

function renderBars({ accepted, synchronized }, run) {
  const target = Math.max(run.requested, run.recalled ? run.stored : 0);
  fill(accepted, run.recalled ? run.stored : run.accepted, target);
  fill(synchronized, run.synchronized, Math.max(target, run.stored));
}

function fill({ progress, text }, value, target) {
  progress.max = Math.max(target, 1);
  progress.value = value;
  setText(text, `${count(value)} of ${count(target)}`);
}
