/* Counts what became of the photos of a batch, and writes it down. */

import { formatCsvLine } from "../../parts/csv.js";
import { formatCount } from "../../parts/format.js";
import { ENDED } from "./batch.js";
import { NO_IMAGE } from "./upload.js";

/* What has ended, but for what was never sent. */
const DONE = ENDED.filter((state) => state !== "not sent");

const COLUMNS = [
  "name",
  "outcome",
  "class",
  "confidence",
  "threshold",
  "error",
  "cause",
  "milliseconds",
  "execution",
  "key",
  "sent as",
];

/** Returns how many of the photos are in each state. */
export function countStates(photos) {
  const counts = {};
  for (const { state } of photos) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Returns how many photos have been sent and have ended. */
export const countDone = (counts) => DONE.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

/** Says how far a batch is: "63 of 200: 58 routed, 4 refused, 1 failed; 12 not sent". */
export function describeProgress(counts, total) {
  const say = (state) => `${formatCount(counts[state])} ${state}`;
  const parts = DONE.filter((state) => counts[state]).map(say);
  const done = [`${formatCount(countDone(counts))} of ${formatCount(total)}`, parts.join(", ")];
  return [done.filter(Boolean).join(": "), ...(counts["not sent"] ? [say("not sent")] : [])].join("; ");
}

/** Returns the lines of a CSV of what became of photos, and of other files, given by their paths. */
export function formatResults(photos, others) {
  const unsent = others.map((path) => ({ path, state: "not sent", reason: NO_IMAGE }));
  return [COLUMNS, ...[...photos, ...unsent].map(listFields)].map(formatCsvLine);
}

function listFields({ name, path, state, reason, id, key, sentAs, execution }) {
  const { predicted_class, confidence, threshold, error, cause, milliseconds } = execution ?? {};
  const why = cause ?? reason;
  return [path ?? name, state, predicted_class, confidence, threshold, error, why, milliseconds, id, key, sentAs];
}
