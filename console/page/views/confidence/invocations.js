/* Reads the endpoint's invocations as columns, adds what is new to them, filters them and counts in them. */

const ARRAYS = {
  f64: Float64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i16: Int16Array,
};
const ALIGNMENT = 8;

/**
 * Reads the server's binary answer: the length of a JSON header (uint32, little-endian), the header, and then each
 * column that it names. Header and columns are padded to 8 bytes, so that the columns are used where they lie.
 *
 * @param {ArrayBuffer} buffer
 * @returns {{count, columns, time, id, confidence, predicted, truth, picture}} with all else that the header has. time
 *   in Unix seconds, ascending; truth is -1 where it is not known; picture is the same number for the same picture, 0
 *   for one that is not told from others.
 */
export function readInvocations(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const invocations = { ...header };
  let offset = align(4 + length);
  for (const { name, dtype } of header.columns) {
    const column = new ARRAYS[dtype](buffer, offset, header.count);
    invocations[name] = column;
    offset = align(offset + column.byteLength);
  }
  return invocations;
}

const align = (offset) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

/** Returns an answer with what was known before it; the answer begins anew where the server has forgotten that. */
export function addInvocations(before, answer) {
  if (!before || answer.first === 0) return answer;
  const order = new Uint32Array(before.count + answer.count);
  for (let place = 0, one = 0, other = 0; place < order.length; place += 1) {
    const isOld =
      other === answer.count || (one < before.count && before.time[one] <= answer.time[other]);
    order[place] = isOld ? one++ : before.count + other++;
  }
  const added = { ...answer, count: order.length };
  for (const { name } of answer.columns) {
    const [old, fresh] = [before[name], answer[name]];
    added[name] = new old.constructor(order.length);
    for (let place = 0; place < order.length; place += 1) {
      const at = order[place];
      added[name][place] = at < before.count ? old[at] : fresh[at - before.count];
    }
  }
  return added;
}

/** Returns the invocations, given by their index, for which `admits` is true; the same ones if that is all. */
export function filterInvocations(invocations, admits) {
  const order = new Uint32Array(invocations.count);
  let count = 0;
  for (let index = 0; index < order.length; index += 1) if (admits(index)) order[count++] = index;
  if (count === invocations.count) return invocations;
  const filtered = { ...invocations, count };
  for (const { name } of invocations.columns) {
    const column = invocations[name];
    filtered[name] = new column.constructor(count);
    for (let place = 0; place < count; place += 1) filtered[name][place] = column[order[place]];
  }
  return filtered;
}

/** Returns the confidence that a threshold is compared with: below any for what is taken for none of the classes. */
export const getLevel = ({ confidence, predicted, classes, other_class: other }, index) =>
  other && classes[predicted[index]] === other ? -1 : confidence[index];

/** Says whether it is known that an invocation was predicted wrong. */
export const isWrong = ({ truth, predicted }, index) => truth[index] >= 0 && truth[index] !== predicted[index];

/** Returns the path of an invocation's picture. */
export const getPhotoPath = ({ id }, index) => `/api/invocations/${id[index]}/photo`;

/** Returns the first index of an ascending array whose value is not below `wanted`. */
export function findLowerBound(ascending, wanted) {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Returns a function that counts what a threshold would do with the invocations from `first` to before `last`. They
 * are sorted once and summed up from the top, so that each count is a search and no loop over all of them.
 *
 * @returns {(threshold: number) => {routed, refused, known, wrong}} known: routed ones whose truth is known; wrong:
 *   those of them that were routed as another class.
 */
export function createThresholdCounter(invocations, first, last) {
  const { truth, predicted } = invocations;
  const levels = new Float64Array(last - first).map((_, index) => getLevel(invocations, first + index));
  const order = new Uint32Array(last - first)
    .map((_, index) => first + index)
    .sort((one, other) => levels[one - first] - levels[other - first]);
  const ascending = new Float64Array(order.length);
  const known = new Uint32Array(order.length + 1);
  const wrong = new Uint32Array(order.length + 1);
  for (let index = order.length - 1; index >= 0; index -= 1) {
    const invocation = order[index];
    ascending[index] = levels[invocation - first];
    const isKnown = truth[invocation] >= 0;
    known[index] = known[index + 1] + (isKnown ? 1 : 0);
    wrong[index] = wrong[index + 1] + (isKnown && truth[invocation] !== predicted[invocation] ? 1 : 0);
  }
  return (threshold) => {
    const from = findLowerBound(ascending, threshold);
    return { routed: order.length - from, refused: from, known: known[from], wrong: wrong[from] };
  };
}
