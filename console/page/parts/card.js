/* Creates cards, and what stands in several of them: figures, and the link to AWS's console. */

import { create } from "./element.js";

/** Returns a section under a heading; both have the title for a name. */
export function createCard(title, ...children) {
  return create("section", { class: "card", "aria-label": title }, create("h2", {}, title), ...children);
}

/** Returns a number in large type between its name and a note on it. */
export function createFigure(name, value, note) {
  return create(
    "div",
    { class: "figure" },
    create("span", {}, name),
    create("strong", {}, value),
    create("span", { class: "small" }, note),
  );
}

/** Returns a link to where AWS's own console shows the same. */
export function createConsoleLink(href) {
  return create("a", { href, target: "_blank", rel: "noopener noreferrer" }, "Open in AWS's console");
}
