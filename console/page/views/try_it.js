import { element } from "../element.js";

export function tryItView(content) {
  content.append(element("p", { class: "notice" }, "Not built yet."));
}
