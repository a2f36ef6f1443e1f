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

/** Three decimals, cut, not rounded: 0.7999 must not be shown as a threshold of 0.8 that it did not reach. */
export const probability = (value) =>
  value === null || value === undefined
    ? NOTHING
    : PROBABILITY.format(Math.floor(value * 1000 + 1e-4) / 1000);

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
