// Draws seldom enough to leave the processor to the work that is shown: the servers may run on the same machine.

const SPACING = 80;

/**
 * A function that asks for `render` to be called in one of the next frames; asking again before then changes nothing.
 * Between two calls there are at least 80 ms.
 */
export function oncePerFrame(render) {
  let due = false;
  let drawnAt = -Infinity;
  const draw = () => {
    due = false;
    drawnAt = performance.now();
    render();
  };
  return () => {
    if (due) return;
    due = true;
    const wait = drawnAt + SPACING - performance.now();
    if (wait <= 0) requestAnimationFrame(draw);
    else setTimeout(() => requestAnimationFrame(draw), wait);
  };
}
