// Order statistics of measured durations.

/** The smallest value that at least `share` (0 to 1) of the values do not exceed; null when there are none. */
export function quantile(values, share) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
