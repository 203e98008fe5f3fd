// The seed of the shown run stands in the page's address, so that reloading or sharing it shows that run again.

export function seedInAddress() {
  return (new URLSearchParams(location.search).get("seed") ?? "").slice(0, 64);
}

export function rememberSeed(seed) {
  const url = new URL(location.href);
  if (!seed || url.searchParams.get("seed") === seed) return;
  url.searchParams.set("seed", seed);
  history.replaceState(null, "", url);
}
