/* Writes tables as CSV and saves files. */

/** Returns a line of CSV as RFC 4180 has it. Numbers have their shortest decimals; null and undefined are empty. */
export const formatCsvLine = (fields) => `${fields.map(formatField).join()}\r\n`;

function formatField(field) {
  if (typeof field !== "string") return String(field ?? "");
  // A spreadsheet takes what begins so for a formula and runs it: a stranger chose the file's name.
  const text = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Saves a blob as a file of the user's. */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
