// Accepted and synchronised users over time, drawn as two lines with the users on their way between them.

import { duration } from "../format.js";
import { setHidden, setText } from "./element.js";

const WIDTH = 600;
const HEIGHT = 120;
const MARGIN = 2;

/** Returns `render(session)`. */
export function createCurve(figure) {
  const path = (name) => figure.querySelector(`path.${name}`);
  const paths = { accepted: path("accepted"), synchronized: path("synchronized"), gap: path("gap") };
  const span = figure.querySelector("#curve-span");

  return ({ run }) => {
    const { points } = run.timeline;
    setHidden(figure, run.recalled || points.length < 2);
    if (figure.hidden) return;
    const end = Math.max(points.at(-1).at, 1);
    const top = Math.max(run.requested, points.at(-1).synchronized, 1);
    const line = (name) => points.map((point) => place(point.at / end, point[name] / top));
    const accepted = line("accepted");
    const synchronized = line("synchronized");
    paths.accepted.setAttribute("d", `M${accepted.join("L")}`);
    paths.synchronized.setAttribute("d", `M${synchronized.join("L")}`);
    paths.gap.setAttribute("d", `M${[...accepted, ...synchronized.toReversed()].join("L")}Z`);
    setText(span, duration(end));
  };
}

function place(across, up) {
  const y = HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN);
  return `${(across * WIDTH).toFixed(1)} ${y.toFixed(1)}`;
}
