/* Leads to where it is told what decided about a photo: to its execution, or to the batch that it was routed in. */

/**
 * Returns the address.
 *
 * @param {{id: string, batch: string|null}} decider Name of the execution, and id of the batch if it was a run of one.
 * @param {URLSearchParams} [parameters] What the view of an execution is to know.
 */
export function linkExecution({ id, batch }, parameters = null) {
  if (batch) return `#/batches/${encodeURIComponent(batch)}`;
  return `#/executions/${encodeURIComponent(id)}${parameters ? `?${parameters}` : ""}`;
}
