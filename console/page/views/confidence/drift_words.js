/* Says in words what the drift reports found. */

const NAMES = { class_mix: "mix of classes" };
const WORDS = { none: "no shift", some: "some shift", major: "major shift", "too few": "too few photos" };
const READINGS = [
  ["major", "major shift"],
  ["some", "some shift"],
  ["too few", "too few photos to judge"],
];

export const nameMeasure = (measure) => NAMES[measure] ?? measure.replaceAll("_", " ");

export const formatIndex = (value) => (value === null ? "–" : value.toFixed(3));

/** Says in words what was measured of a day. */
export function readMeasure({ index, noise, reading, photos, baseline_photos: baseline }) {
  const words = WORDS[reading] ?? reading;
  return index === null
    ? `${words}: ${photos} of the day, ${baseline} of the model's`
    : `${words}, ${formatIndex(index)} where chance alone makes up to ${formatIndex(noise)}`;
}

/** Says in words what a report found. */
export function readReport({ measures }) {
  const found = READINGS.map(([reading, words]) => {
    const names = measures.filter((one) => one.reading === reading).map(({ measure }) => nameMeasure(measure));
    if (!names.length) return null;
    return names.length === measures.length ? `All: ${words}` : `${names.join(", ")}: ${words}`;
  }).filter(Boolean);
  const text = found.length ? found.join("; ") : "no shift";
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

