// The run in one sentence and a half.

import { count, duration, users } from "./format.js";
import { Phase } from "./run.js";

/** `{title, subline}` of a run; `at` is the time now. */
export function headlineOf(run, at) {
  if (run.recalled) return recalled(run);
  return SENTENCES[run.phase](run, at);
}

const SENTENCES = {
  [Phase.IDLE]: () => ({
    title: "Nothing sent yet",
    subline: "Choose how many users to send, then watch them cross from one store to the other.",
  }),
  [Phase.FETCHING]: ({ options }) => ({
    title: `Fetching ${users(options.count)}`,
    subline: options.source === "randomuser" ? "From randomuser.me, by this browser." : "From this server’s sample.",
  }),
  [Phase.REFUSED]: () => ({ title: "No users to send", subline: "Nothing was sent, nothing is stored." }),
  [Phase.SENDING]: sending,
  [Phase.SETTLING]: (run) => ({
    title: `${users(run.crossing)} still crossing`,
    subline: "Everything is stored in PostgreSQL; the projector is writing the documents.",
  }),
  [Phase.FINISHED]: finished,
};

function sending(run) {
  const { mode, parallel } = run.options;
  const how = mode === "bulk" ? "In bulk, up to 1,000 users a request" : "One by one";
  return {
    title: `Sending ${users(run.requested)}`,
    subline: `${how}, at most ${count(parallel)} ${parallel === 1 ? "request" : "requests"} at a time.`,
  };
}

function finished(run, at) {
  if (run.cancelled) return cancelled(run);
  if (run.failures.size > 0) {
    return {
      title: `${count(run.failures.size)} of ${users(run.requested)} failed`,
      subline: `${count(run.accepted)} were accepted and are synchronised. The failed ones can be sent again.`,
    };
  }
  const known = run.replayed > 0 ? ` ${count(run.replayed)} of them were stored before and were not stored again.` : "";
  return {
    title: run.requested === 1 ? "The user is synchronised" : `All ${users(run.requested)} are synchronised`,
    subline: `In both stores after ${duration(run.elapsed(at))}.${known}`,
  };
}

function cancelled(run) {
  if (run.requested === 0) return { title: "Cancelled", subline: "Nothing was sent." };
  if (run.unsent === 0 && run.failures.size === 0) {
    return { title: "No longer waiting", subline: `${users(run.crossing)} had not crossed yet; they will.` };
  }
  return {
    title: `Cancelled after ${count(run.accepted)} of ${users(run.requested)}`,
    subline: "Generate again with the same seed to send the rest; nobody is stored twice.",
  };
}

function recalled(run) {
  if (run.phase === Phase.SETTLING) return { title: "Looking up an earlier run", subline: "By the seed in the address." };
  if (run.stored === 0) return { title: "No users under this seed", subline: "Generate some, and they will be found here." };
  return {
    title: `${users(run.synchronized)} synchronised`,
    subline: `An earlier run, with ${count(run.stored)} stored. Generate with its seed to send the same people again.`,
  };
}
