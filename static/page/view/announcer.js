// Tells a screen reader how the run goes: its turns and its quarters, never single users.

import { headlineOf } from "../headline.js";
import { Phase } from "../run.js";
import { setText } from "./element.js";

/** Returns `render(session, at)`. */
export function createAnnouncer(region) {
  let said = "";

  return ({ run }, at) => {
    const quarter = run.phase === Phase.SENDING ? Math.floor((4 * run.accepted) / Math.max(run.requested, 1)) : 0;
    const turn = `${run.seed} ${run.phase} ${quarter}`;
    if (turn === said || run.phase === Phase.IDLE || run.phase === Phase.SETTLING) return;
    said = turn;
    const { title, subline } = headlineOf(run, at);
    setText(region, quarter > 0 ? `${25 * quarter} percent accepted.` : `${title}. ${subline}`);
  };
}
