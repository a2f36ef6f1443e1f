/* Creates DOM elements. Text goes in as text nodes alone, so that no name of a file or a class becomes markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Returns a new HTML element.
 *
 * @param {string} tag Its name.
 * @param {Object<string, *>} attributes A function is a listener ("onclick"), an object of "style" goes through
 *   the CSSOM, true is an attribute without a value, false and null leave the attribute out.
 * @param {...(Node|string|number|null|Array)} children null is left out.
 */
export function create(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Returns a new SVG element; the arguments are those of create(). */
export function createSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Returns a picture of 16 by 16 that stands beside a word: a path with these attributes. */
export function createIcon(attributes) {
  return createSvg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, createSvg("path", attributes));
}

function fill(created, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") created.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(created.style, value);
    else created.setAttribute(name, value === true ? "" : value);
  }
  created.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return created;
}
