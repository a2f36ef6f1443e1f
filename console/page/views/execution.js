import { element } from "../element.js";

export function executionView(content) {
  content.append(element("p", { class: "notice" }, "Not built yet."));
}
