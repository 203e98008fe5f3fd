// Does what was asked for in a form, and says there why it did not work.

import { Problem, reasonOf } from "../problem.js";
import { setText } from "./element.js";

/** Returns `attempt(action)`: shows in `trouble` the Problem that an action throws, nothing where it throws none. */
export function createAttempt(trouble) {
  return async (action) => {
    setText(trouble, "");
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setText(trouble, `${error.title}. ${reasonOf(error)}`);
    }
  };
}
