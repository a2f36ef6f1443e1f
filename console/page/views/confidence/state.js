/* What the user has chosen to see, as the address keeps it. */

/** The periods that end with the newest invocation: name in the address, name for the user, seconds. */
export const PERIODS = [
  ["day", "Last day", 86_400],
  ["week", "Last week", 604_800],
  ["whole", "Whole time", Infinity],
];

/**
 * Reads what was chosen from the address.
 *
 * @param {URLSearchParams} parameters
 * @returns {{threshold, period, from, to, name, wrong, refused, zone}} threshold is null for the one in service; period
 *   is null where the user zoomed to one of their own, `from` to `to` in Unix seconds; name is that of a class, null
 *   for all; wrong and refused say whether only such invocations are shown.
 */
export function readState(parameters) {
  const threshold = Number.parseFloat(parameters.get("threshold"));
  const [from, to] = ["from", "to"].map((name) => Date.parse(parameters.get(name)) / 1000);
  const isZoomed = from < to;
  const period = PERIODS.find(([name]) => name === parameters.get("period"))?.[0] ?? "whole";
  const only = parameters.getAll("only");
  return {
    threshold: threshold >= 0 && threshold <= 1 ? threshold : null,
    period: isZoomed ? null : period,
    from: isZoomed ? from : null,
    to: isZoomed ? to : null,
    name: parameters.get("class"),
    wrong: only.includes("wrong"),
    refused: only.includes("refused"),
    zone: parameters.get("zone") === "utc" ? "utc" : "local",
  };
}

/** Returns the parameters of an address that readState() reads the same from; what is so anyway is left out. */
export function formatState({ threshold, period, from, to, name, wrong, refused, zone }) {
  const formatMoment = (seconds) => new Date(seconds * 1000).toISOString();
  return [
    ...(threshold === null ? [] : [["threshold", threshold]]),
    ...(period === null
      ? [
          ["from", formatMoment(from)],
          ["to", formatMoment(to)],
        ]
      : period === "whole"
        ? []
        : [["period", period]]),
    ...(name === null ? [] : [["class", name]]),
    ...(wrong ? [["only", "wrong"]] : []),
    ...(refused ? [["only", "refused"]] : []),
    ...(zone === "utc" ? [["zone", "utc"]] : []),
  ];
}
