/* Finds where the links of the project's documents lead on the page. */

/** Returns where a document's link leads: to another one, to a section, or to another site; null for a file. */
export function resolveLink(target, name) {
  if (/^https:/.test(target)) return target;
  const found = /^(?:(?:\.\.\/|docs\/)?([\w-]+)\.md)?(?:#(.+))?$/.exec(target);
  if (!found) return null;
  const [, other = name, section] = found;
  return section ? `#/documents/${other}/${section}` : `#/documents/${other}`;
}
