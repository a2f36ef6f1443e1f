import { element } from "../element.js";

export function executionsView(content) {
  content.append(element("p", { class: "notice" }, "Not built yet."));
}
