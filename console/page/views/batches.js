/* Shows the batches, or one of them, whose id stands in the address. */

import { showBatch } from "./batches/batch.js";
import { showList } from "./batches/list.js";

export function showBatches(place, context) {
  if (context.identifier) showBatch(place, context);
  else showList(place, context);
}
