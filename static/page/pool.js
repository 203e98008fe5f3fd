// Bounded concurrency.

/**
 * Calls `work` once for every job, at most `width` at a time and in their order, until `signal` is aborted.
 * Resolves when the last call that was begun has ended. `work` must not reject.
 */
export async function drain(jobs, width, work, signal) {
  let next = 0;
  const lane = async () => {
    while (next < jobs.length && !signal.aborted) {
      await work(jobs[next++]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, lane));
}
