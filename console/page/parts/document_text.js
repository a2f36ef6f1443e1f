/* Writes the data of states and events as text to read: whole, but for pictures in base64. */

const LONGEST_BASE64 = 1000;

/** Returns JSON with line breaks, lists of numbers in one line, and JSON in a text as JSON. Other text stays as it is. */
export function formatDocument(value) {
  const unpacked = unpack(value);
  return typeof unpacked === "string" ? unpacked : print(unpacked, "");
}

/** Returns a value with the JSON that its texts hold in place of these, and with pictures replaced by their length. */
function unpack(value) {
  if (typeof value === "string") return unpackText(value);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(unpack);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unpack(inner)]));
}

function unpackText(text) {
  if (text.length > LONGEST_BASE64 && /^[A-Za-z0-9+/\r\n]+={0,2}\s*$/.test(text)) {
    return `(${text.length.toLocaleString("en")} characters of base64)`;
  }
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return unpack(JSON.parse(text));
  } catch {
    return text;
  }
}

function print(value, indent) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const inner = `${indent}  `;
  const parts = isList
    ? value.map((part) => print(part, inner))
    : Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${print(part, inner)}`);
  const [open, close] = isList ? "[]" : "{}";
  if (parts.length === 0) return open + close;
  if (isList && value.every((part) => typeof part === "number")) return `[${parts.join(", ")}]`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}
