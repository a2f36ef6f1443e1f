import { element } from "../element.js";

export function modelView(content) {
  content.append(element("p", { class: "notice" }, "Not built yet."));
}
