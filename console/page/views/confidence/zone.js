/* Times in the browser's time zone or in UTC, in which logs are, and the ticks of an axis of time. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/* Steps of an axis in seconds, each a round number in the unit that its labels have. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 4, 7, 14, 28, 56, 112, 224, 448].map((days) => days * DAY),
];

/**
 * Returns ticks at equal steps of the clock: no more than `most`, two where the period is too long for the steps.
 *
 * @param {(seconds: number) => number} getOffset By how many seconds the clock is ahead of UTC at a time.
 * @returns {{ticks: number[], step: number}} Unix seconds.
 */
export function computeTicks(from, to, most, getOffset) {
  const step = STEPS.find((seconds) => (to - from) / seconds <= most) ?? Math.ceil(to - from);
  const ticks = [];
  const offset = getOffset(from);
  for (let clock = Math.ceil((from + offset) / step) * step; ; clock += step) {
    // Where the clock was put forward or back between `from` and here, noon is still noon.
    const tick = clock - getOffset(clock - offset);
    if (tick > to) return { ticks, step };
    ticks.push(tick);
  }
}

/** Returns what writes times in a zone: "local", or "utc". */
export function createZone(kind) {
  const timeZone = kind === "utc" ? "UTC" : undefined;
  const createFormat = (parts) => {
    const format = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone });
    return (seconds) => format.format(seconds * 1000);
  };
  const day = { day: "numeric", month: "short" };
  const clock = { hour: "2-digit", minute: "2-digit" };
  const withSeconds = { ...clock, second: "2-digit" };
  const [formatDay, formatMinute, formatSecond] = [day, clock, withSeconds].map(createFormat);
  const getOffset = (seconds) =>
    kind === "utc" ? 0 : -new Date(seconds * 1000).getTimezoneOffset() * MINUTE;
  return {
    name: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    getOffset,
    formatTime: createFormat({ ...day, year: "numeric", ...withSeconds, timeZoneName: "short" }),
    formatShort: createFormat({ ...day, ...clock }),
    formatTick(seconds, step) {
      if (step >= DAY || (seconds + getOffset(seconds)) % DAY === 0) return formatDay(seconds);
      return step < MINUTE ? formatSecond(seconds) : formatMinute(seconds);
    },
  };
}

/**
 * Counts times by the weekday, from Monday on, and the hour of the clock, for those from `first` to before `last`.
 *
 * @param {Float64Array} time Unix seconds, ascending.
 * @returns {number[][]} Seven days of 24 hours.
 */
export function countByHour(time, first, last, getOffset) {
  const counts = Array.from({ length: 7 }, () => new Array(24).fill(0));
  let [until, day, hour] = [-Infinity, 0, 0];
  for (let index = first; index < last; index += 1) {
    // Times ascend, so the calendar is asked once a quarter of an hour, in which no clock changes.
    if (time[index] >= until) {
      const clock = time[index] + getOffset(time[index]);
      // The first of January 1970 was a Thursday.
      day = (Math.floor(clock / DAY) + 3) % 7;
      hour = Math.floor((clock % DAY) / HOUR);
      until = time[index] + 15 * MINUTE - (clock % (15 * MINUTE));
    }
    counts[day][hour] += 1;
  }
  return counts;
}
