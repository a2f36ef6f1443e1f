/* How numbers, times and names are written. */

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

export const count = (number) => COUNT.format(number);

const thousandths = (value) => Math.round(value * 1000);

/** Three decimals, rounded; but what is below the threshold, or below 1, is shown below it: 0.7999 as 0.799 at 0.8. */
export function probability(value, threshold = null) {
  if (value === null || value === undefined) return NOTHING;
  const missed = [threshold ?? 1, 1].find((limit) => value < limit);
  const most = missed === undefined ? Infinity : thousandths(missed) - 1;
  return PROBABILITY.format(Math.min(thousandths(value), most) / 1000);
}

export const percent = (share) => (Number.isFinite(share) ? PERCENT.format(share) : NOTHING);

/** "1 photo", "2 photos". */
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Unix seconds as a local time with its zone. */
export const time = (seconds) => (seconds ? TIME.format(seconds * 1000) : NOTHING);

/** Unix seconds as a local time without year and zone, for where the zone is said beside it. */
export const shortTime = (seconds) => SHORT_TIME.format(seconds * 1000);

/** The viewer's time zone, as "Europe/Berlin". */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return NOTHING;
  return milliseconds < 1000
    ? `${count(Math.round(milliseconds))} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}
