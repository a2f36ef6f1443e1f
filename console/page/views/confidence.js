import { element } from "../element.js";

export function confidenceView(content) {
  content.append(element("p", { class: "notice" }, "Not built yet."));
}
