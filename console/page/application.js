/* Shows the view that the address names. */

import { element } from "./parts/element.js";
import { startTheme } from "./parts/theme.js";
import { confidenceView } from "./views/confidence.js";
import { executionView } from "./views/execution.js";
import { executionsView } from "./views/executions.js";
import { modelView } from "./views/model.js";
import { overviewView } from "./views/overview.js";
import { tryItView } from "./views/try_it.js";

const VIEWS = {
  overview: ["Overview", overviewView],
  try: ["Try it", tryItView],
  executions: ["Executions", executionsView],
  execution: ["Execution", executionView],
  confidence: ["Confidence over time", confidenceView],
  model: ["Model", modelView],
};
const content = document.getElementById("content");
let leaving = new AbortController();
let firstView = true;

/** Reads "#/executions/ID?outcome=refused" into the name of a view, an identifier and parameters. */
function readAddress() {
  const [path, query = ""] = window.location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  const identifier = rest.length ? decodeURIComponent(rest.join("/")) : null;
  return {
    name: name === "executions" && identifier ? "execution" : name,
    identifier,
    parameters: new URLSearchParams(query),
  };
}

function show() {
  // The skip link's target is no view.
  if (window.location.hash === "#content") return;
  leaving.abort();
  leaving = new AbortController();
  const { name, identifier, parameters } = readAddress();
  const [title, view] = VIEWS[name] ?? VIEWS.overview;
  document.title = `${title} · Scones Unlimited`;
  const section = name === "execution" ? "executions" : VIEWS[name] ? name : "overview";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = element("h1", { tabindex: "-1" }, title);
  content.replaceChildren(heading);
  // Whoever uses a screen reader hears that the view changed; the first view is announced by the title.
  if (!firstView) heading.focus({ preventScroll: true });
  if (!firstView) window.scrollTo(0, 0);
  firstView = false;
  view(content, { signal: leaving.signal, identifier, parameters });
}

startTheme(document.getElementById("theme-toggle"));
document.querySelector(".skip-link").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});
// A browser would show a file that is dropped in place of the page, and what goes on in the page would be lost.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
}
window.addEventListener("hashchange", show);
show();
