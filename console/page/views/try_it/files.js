/* Finds the files in what the user chose, dropped or pasted: folders are walked, and what is no image is left out. */

const EXTENSIONS = /\.(avif|bmp|gif|hei[cf]|jfif|jpe?g|png|tiff?|webp)$/i;
const IN_ORDER = new Intl.Collator("en", { numeric: true });

/** Tells whether a file may be an image, by its name and by what the browser takes it for. */
export const mayBeImage = ({ name, type }) =>
  EXTENSIONS.test(name) || (type ? type.startsWith("image/") : !name.includes("."));

/** Returns the files that were chosen as in collectDropped(). */
export function collectChosen(files) {
  return sortOut([...files].map((file) => ({ file, path: file.webkitRelativePath || null })), 0);
}

/**
 * Returns the files that were dropped, and those in the folders among them.
 *
 * @param {DataTransfer} dataTransfer The drop's: what it holds is gone once its event is over.
 * @returns {Promise<{found: {file: File, path: string|null}[], others: string[], unread: number}>} A file of a folder
 *   has its path there. `others` are the paths of those files in folders that are no images; `unread` files or
 *   folders cannot be read.
 */
export async function collectDropped({ items, files }) {
  const given = [...items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  if (!given.some(({ entry }) => entry?.isDirectory)) return collectChosen(files);
  const found = [];
  let unread = 0;
  const walk = async (entry) => {
    try {
      if (entry.isDirectory) for (const inner of await readFolder(entry)) await walk(inner);
      else found.push({ file: await readEntry(entry), path: entry.fullPath.replace(/^\//, "") });
    } catch {
      unread += 1;
    }
  };
  for (const { entry, file } of given) {
    if (entry?.isDirectory) await walk(entry);
    else if (file) found.push({ file, path: null });
  }
  return sortOut(found, unread);
}

function sortOut(given, unread) {
  // A single file was meant, whatever it is; in a folder there is much else, such as the hidden twins of a Mac.
  const isWanted = ({ file, path }) => !path || (mayBeImage(file) && !file.name.startsWith("."));
  const sorted = given.sort((one, other) => IN_ORDER.compare(one.path ?? "", other.path ?? ""));
  const others = sorted.filter((one) => !isWanted(one)).map(({ path }) => path);
  return { found: sorted.filter(isWanted), others, unread };
}

async function readFolder(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    // A browser gives some hundred entries at a time, and none at the end.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries;
    entries.push(...some);
  }
}

const readEntry = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
