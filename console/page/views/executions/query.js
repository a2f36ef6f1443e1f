/* Turns what the list's address says into what the server is asked. */

const SECONDS = { hour: 3600, day: 24 * 3600, week: 7 * 24 * 3600 };
const NAMES = ["search", "error", "class", "min", "max"];

/** Names of the periods that go with the clock; "today" begins with the browser's own midnight. */
export const PERIODS = { hour: "Last hour", today: "Today", day: "Last 24 hours", week: "Last 7 days" };

/** Returns the server's query. Times in the address are local, the server's are Unix seconds. */
export function createQuery(parameters, now = new Date()) {
  const query = new URLSearchParams();
  const add = (name, value) => value && query.append(name, value);
  for (const name of NAMES) add(name, parameters.get(name));
  for (const outcome of parameters.getAll("outcome")) add("outcome", outcome);
  for (const name of ["from", "to"]) add(name, readTime(parameters.get(name), now));
  return query;
}

function readTime(text, now) {
  if (!text) return null;
  if (text === "today") return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime() / 1000;
  if (Object.hasOwn(SECONDS, text)) return now.getTime() / 1000 - SECONDS[text];
  const seconds = new Date(text).getTime() / 1000;
  // What is no time is the server's to say so.
  return Number.isNaN(seconds) ? text : seconds;
}
