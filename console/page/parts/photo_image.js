/* Shows a picture that needs the session's token, which an img cannot send: it is fetched first. */

import { fetchPhoto } from "../api.js";
import { create } from "./element.js";

/**
 * Returns an img that fetches its picture once it comes into view.
 *
 * @param {string} path The picture's path under /api.
 */
export function createPhotoImage(path, alt, className, signal) {
  const image = create("img", { alt, class: className, width: 44, height: 44 });
  const observer = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    try {
      image.src = await fetchPhoto(path, signal);
    } catch (error) {
      if (!signal.aborted)
        image.replaceWith(create("span", { class: "muted small", title: error.message }, "no photo"));
    }
  });
  observer.observe(image);
  signal.addEventListener("abort", () => observer.disconnect());
  return image;
}
