/* Formats numbers and times. */

const COUNT = new Intl.NumberFormat("en");
const THRESHOLD = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 7 });
const PERCENT = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const SHORT_TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

const NOTHING = "–";

export const formatCount = (number) => COUNT.format(number);

/**
 * Rounds down to three decimals, as `format_probability` in lambdas/workflow/prediction.py does: what is below 1 or
 * below the threshold never looks as if it had reached it.
 */
export function formatProbability(value) {
  if (value === null || value === undefined) return NOTHING;
  const nearest = Math.round(value * 1000) / 1000;
  return (nearest > value ? nearest - 0.001 : nearest).toFixed(3);
}

/** Formats a threshold with all its decimals, three at least: rounded, it would look like confidences that miss it. */
export const formatThreshold = (threshold) => THRESHOLD.format(threshold);

export const formatPercent = (share) => (Number.isFinite(share) ? PERCENT.format(share) : NOTHING);

/** Formats a number with its noun: "1 photo", "2 photos". */
export const formatQuantity = (number, noun) => `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Formats Unix seconds as a local time with its zone. */
export const formatTime = (seconds) => (seconds ? TIME.format(seconds * 1000) : NOTHING);

/** Formats Unix seconds as a local time without year and zone, for where the zone stands beside it. */
export const formatShortTime = (seconds) => SHORT_TIME.format(seconds * 1000);

/** Returns the browser's time zone, such as "Europe/Berlin". */
export const getTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function formatDuration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return NOTHING;
  return milliseconds < 1000
    ? `${formatCount(Math.round(milliseconds))} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}
