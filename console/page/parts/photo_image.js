/* A picture behind the token: fetched, then shown from the browser's memory. */

import { photo } from "../api.js";
import { element } from "./element.js";

/**
 * Returns an img that fills itself once it comes into view.
 *
 * @param {string} path The picture's path under /api.
 * @param {string} alt What a screen reader says.
 */
export function photoImage(path, alt, className, signal) {
  const image = element("img", { alt, class: className, width: 44, height: 44 });
  const observer = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    try {
      image.src = await photo(path, signal);
    } catch (error) {
      if (!signal.aborted)
        image.replaceWith(element("span", { class: "muted small", title: error.message }, "no photo"));
    }
  });
  observer.observe(image);
  signal.addEventListener("abort", () => observer.disconnect());
  return image;
}
