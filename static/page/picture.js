// Which image addresses out of data are shown.

const FOREIGN_HOSTS = new Set(["randomuser.me"]);

/**
 * The address to load, or null where it must not be: it has to be of this server or of a host that the content security
 * policy allows, over http(s). `javascript:`, `data:` and every other host are refused here, before the policy does.
 */
export function safePicture(address, origin) {
  if (typeof address !== "string" || address === "" || !URL.canParse(address, origin)) return null;
  const url = new URL(address, origin);
  if (url.origin === origin) return url.href;
  return url.protocol === "https:" && FOREIGN_HOSTS.has(url.hostname) ? url.href : null;
}
