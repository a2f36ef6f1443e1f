/* Formats numbers and times: each kind in one form, the same as lambdas/workflow/prediction.py writes in a terminal. */

const COUNT = new Intl.NumberFormat("en");
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

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const NOTHING = "–";

export const formatCount = (number) => COUNT.format(number);

/**
 * Rounds a confidence or another probability down to three decimals: what is below 1 or below the threshold never
 * looks as if it had reached it, and what is above 0 never as if it were 0.
 */
export function formatProbability(value) {
  if (value === null || value === undefined) return NOTHING;
  if (value > 0 && value < 0.001) return "<0.001";
  const nearest = Math.round(value * 1000) / 1000;
  return (nearest > value ? nearest - 0.001 : nearest).toFixed(3);
}

/** Formats a threshold with all its decimals, three at least: rounded, it would look like confidences that miss it. */
export const formatThreshold = (threshold) => threshold.toFixed(7).replace(/0{1,4}$/, "");

/** Formats a share of photos: percent with one decimal. */
export const formatPercent = (share) => formatTenths(countTenths(share));

/** Formats two shares of a whole, `part` of `whole` and the rest, so that they add up to 100.0%. */
export function formatShares(part, whole) {
  const tenths = countTenths(part / whole);
  return [formatTenths(tenths), formatTenths(1000 - tenths)];
}

const countTenths = (share) => Math.floor(share * 1000 + 0.5);
const formatTenths = (tenths) => (Number.isFinite(tenths) ? `${(tenths / 10).toFixed(1)}%` : NOTHING);

/** Formats a level or a target, which somebody chose: percent without decimals that are not there. */
export const formatLevel = (level) => `${Number((level * 100).toPrecision(6))}%`;

/** Formats a size in bytes: "27 MB". */
export function formatBytes(bytes) {
  if (bytes < 1000) return formatQuantity(bytes, "byte");
  const [size, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${formatCount(Number(size.toFixed(size < 10 ? 1 : 0)))} ${unit}`;
}

/** Formats a number with its noun: "1 photo", "2 photos". */
export const formatQuantity = (number, noun) => `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Formats Unix seconds as a local time with its zone. */
export const formatTime = (seconds) => (seconds ? TIME.format(seconds * 1000) : NOTHING);

/** Formats Unix seconds as a local time without year and zone, for where the zone stands beside it. */
export const formatShortTime = (seconds) => SHORT_TIME.format(seconds * 1000);

/** Formats Unix seconds as a local time of day. */
export const formatClock = (seconds) => (seconds ? CLOCK.format(seconds * 1000) : NOTHING);

/** Returns the browser's time zone, such as "Europe/Berlin". */
export const getTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function formatDuration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return NOTHING;
  return milliseconds < 1000
    ? `${formatCount(Math.round(milliseconds))} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}
