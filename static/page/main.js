// Puts the page together: one session, and the views that show it.

import { rememberSeed, seedInAddress } from "./address.js";
import { oncePerFrame } from "./frame.js";
import { Session } from "./session.js";
import { createAnnouncer } from "./view/announcer.js";
import { createCurve } from "./view/curve.js";
import { createFailures } from "./view/failures.js";
import { createJourney } from "./view/journey.js";
import { createNewest } from "./view/newest.js";
import { createNotice } from "./view/notice.js";
import { createPipeline } from "./view/pipeline.js";
import { createReplicas } from "./view/replicas.js";
import { createSetup } from "./view/setup.js";
import { createTimings } from "./view/timings.js";

const TICK = 100;

const part = (selector) => document.querySelector(selector);
const session = new Session(() => draw());

const setup = createSetup(part("#setup"), {
  generate: (options) => session.generate(options),
  cancel: () => session.cancel(),
  retry: () => session.retryFailed(),
});
const views = [
  setup.render,
  createPipeline(part("#pipeline")),
  createNotice(part("#notice"), () => setup.generateFrom("sample")),
  createFailures(part("#failures")),
  createTimings(part(".timings")),
  createCurve(part(".curve")),
  createNewest(part(".newest"), createJourney(part("#journey"))),
  createReplicas(part(".replicas")),
  createAnnouncer(part("#announcer")),
];
const statisticsLink = part("#statistics-link");

const draw = oncePerFrame(() => {
  const at = performance.now();
  const { run } = session;
  for (const render of views) render(session, at);
  rememberSeed(run.seed);
  if (run.seed) statisticsLink.href = `/api/v1/user-stats?${new URLSearchParams({ seed: run.seed })}`;
  if (run.active) setTimeout(draw, TICK); // Elapsed time moves on even when nothing else does.
});

const seed = seedInAddress();
if (seed) {
  setup.proposeSeed(seed);
  session.recall(seed);
}
draw();
