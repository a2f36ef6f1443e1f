/* Reads Markdown, as much of it as the project's documents and a dashboard's texts have, into blocks. */

const ITEM = /^(?:[-*]|\d+\.) /;

/** Returns the name that a heading has in addresses, as GitHub makes it. */
export const nameSection = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

/**
 * Returns the blocks of a text, each with its `kind` and what it holds.
 *
 * @param {string} text
 */
export function readBlocks(text) {
  const lines = text.replaceAll(/<!--.*?-->/gs, "").split("\n");
  const blocks = [];
  const takeWhile = (holds) => {
    const taken = [];
    while (lines.length && holds(lines[0])) taken.push(lines.shift());
    return taken;
  };
  while (lines.length) {
    const [line] = lines;
    const heading = /^(#{1,6}) +(.*)$/.exec(line);
    if (!line.trim()) {
      lines.shift();
    } else if (heading) {
      lines.shift();
      blocks.push({ kind: "heading", level: heading[1].length, text: heading[2] });
    } else if (line.startsWith("```")) {
      lines.shift();
      blocks.push({ kind: "code", text: takeWhile((one) => !one.startsWith("```")).join("\n") });
      lines.shift();
    } else if (line.startsWith("|")) {
      const [head, , ...rows] = takeWhile((one) => one.startsWith("|")).map(splitCells);
      blocks.push({ kind: "table", head, rows });
    } else if (ITEM.test(line)) {
      blocks.push(readList(takeWhile((one) => one.trim())));
    } else {
      const own = takeWhile((one) => one.trim() && !/^(#{1,6} |```|\|)/.test(one) && !ITEM.test(one));
      // A line that begins as none of them may.
      blocks.push({ kind: "paragraph", text: (own.length ? own : [lines.shift()]).join(" ") });
    }
  }
  return blocks;
}

/** Reads the items of a list; a line that begins none goes on with the one before it. */
function readList(lines) {
  const items = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return { kind: "list", isOrdered: /^\d/.test(lines[0]), items };
}

const splitCells = (line) =>
  line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll(String.raw`\|`, "|"));
