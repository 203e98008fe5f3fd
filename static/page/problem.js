// What went wrong with one request, in the words of its problem document (RFC 9457) where there is one.

/** `status` is 0 where no answer came at all; `instance` is the replica that answered, where one did. */
export class Problem extends Error {
  constructor({ status, title, detail = "", errors = [], instance = "", cancelled = false }) {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.instance = instance;
    this.cancelled = cancelled;
  }
}

/** The problem that an answer with an error status stands for; never throws, whatever its body is. */
export async function problemOf(response) {
  const instance = response.headers.get("X-App-Id") ?? "";
  const document = await response.json().catch(() => null);
  const title = textOf(document?.title) || response.statusText || "The request failed";
  const errors = Array.isArray(document?.errors) ? document.errors : [];
  return new Problem({ status: response.status, title, detail: textOf(document?.detail), errors, instance });
}

/** The problem behind a rejected fetch: cancelled, out of time, or no connection. */
export function problemOfFailure(error, host) {
  if (error instanceof Problem) return error;
  if (error?.name === "AbortError") {
    return new Problem({
      status: 0,
      title: "Cancelled",
      detail: "Cancelled before the answer came; the user may be stored.",
      cancelled: true,
    });
  }
  if (error?.name === "TimeoutError") {
    return new Problem({ status: 0, title: "No answer in time", detail: `${host} took too long to answer.` });
  }
  if (error instanceof SyntaxError) {
    return new Problem({ status: 0, title: "Not understood", detail: `${host} answered with something that is not JSON.` });
  }
  return new Problem({ status: 0, title: "No connection", detail: `${host} cannot be reached from this browser.` });
}

/** The first reason for one user's failure, in a line. */
export function reasonOf({ detail, errors }) {
  if (!errors.length) return detail;
  const { path, message } = errors[0];
  const first = [textOf(path), textOf(message)].filter(Boolean).join(": ");
  return errors.length > 1 ? `${first} (and ${errors.length - 1} more)` : first;
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}
