/* Makes the points of lines of what CloudWatch has told of metrics. */

/** Returns points of a line that ends where a period has no value. */
export const joinNeighbours = (times, values, period) =>
  times.flatMap((time, index) => {
    const point = [time * 1000, values[index]];
    const isApart = index > 0 && time - times[index - 1] > period * 1.5;
    return isApart ? [[(time - period) * 1000, null], point] : [point];
  });

/** Gives each series a value, 0, wherever another one has one: what lies on another needs it there. */
export function fillGaps(series) {
  const times = [...new Set(series.flatMap((one) => one.times))].sort((one, other) => one - other);
  return series.map((one) => {
    const known = new Map(one.times.map((time, index) => [time, one.values[index]]));
    return { ...one, times, values: times.map((time) => known.get(time) ?? 0) };
  });
}
