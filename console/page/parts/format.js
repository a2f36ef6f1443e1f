/* Formats numbers and times. */

const COUNT = new Intl.NumberFormat("en");
const PROBABILITY = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
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

const toThousandths = (value) => Math.round(value * 1000);

/** Rounds to three decimals, but never up to the threshold, nor to 1: 0.7999 is 0.799 at a threshold of 0.8. */
export function formatProbability(value, threshold = null) {
  if (value === null || value === undefined) return NOTHING;
  const missed = [threshold ?? 1, 1].find((limit) => value < limit);
  const most = missed === undefined ? Infinity : toThousandths(missed) - 1;
  return PROBABILITY.format(Math.min(toThousandths(value), most) / 1000);
}

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
