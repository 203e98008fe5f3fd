// Whether somebody can see a part of the page: it is on the screen, and the tab is in front.

/** Calls `changed(seen)` at first and after every change. */
export function watchSight(part, changed) {
  let onScreen = false;
  let told = null;
  const tell = () => {
    const seen = onScreen && document.visibilityState === "visible";
    if (seen === told) return;
    told = seen;
    changed(seen);
  };
  document.addEventListener("visibilitychange", tell);
  new IntersectionObserver((entries) => {
    onScreen = entries.at(-1).isIntersecting;
    tell();
  }).observe(part);
}
