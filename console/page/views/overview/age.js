/* Says in words how long ago a time was. */

/** Formats how long ago a time was, in Unix seconds: "12 min", "3 h", "2 days". */
export function formatAge(seconds, now = Date.now() / 1000) {
  const minutes = Math.max(0, Math.floor((now - seconds) / 60));
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
