// How numbers and durations are written. A missing value is an en dash.

const MISSING = "–";
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** `4,312` */
export function count(value) {
  return Number.isFinite(value) ? whole.format(value) : MISSING;
}

/** `1 user`, `25 users` */
export function users(value) {
  return `${count(value)} ${value === 1 ? "user" : "users"}`;
}

/** Milliseconds as `3.2 ms`, `140 ms`, `2.4 s` or `1 min 12 s`. */
export function duration(milliseconds) {
  if (!Number.isFinite(milliseconds)) return MISSING;
  if (milliseconds < 9.95) return `${tenth.format(milliseconds)} ms`;
  if (milliseconds < 999.5) return `${whole.format(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${tenth.format(milliseconds / 1000)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${whole.format(Math.floor(seconds / 60))} min ${seconds % 60} s`;
}

/** Users per second: `8.4`, `1,312` */
export function rate(perSecond) {
  if (!Number.isFinite(perSecond)) return MISSING;
  return perSecond < 99.95 ? tenth.format(perSecond) : whole.format(perSecond);
}

/** A part of one as `100 %`, `99.9 %` or `0 %`: what is not all is never rounded up to it. */
export function percent(part) {
  if (!Number.isFinite(part)) return MISSING;
  const tenths = Math.floor(part * 1000 + 1e-9) / 10;
  return `${Number.isInteger(tenths) ? whole.format(tenths) : tenth.format(tenths)} %`;
}

/** A moment of the day in seconds, in the reader's time zone. */
export function clockSeconds(moment) {
  const at = new Date(moment);
  return Number.isNaN(at.getTime()) ? MISSING : at.toLocaleTimeString("en-GB");
}

/** A moment of the day with milliseconds, in the reader's time zone. */
export function clock(moment) {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return MISSING;
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
