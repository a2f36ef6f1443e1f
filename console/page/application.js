/* Shows the view that the address names. */

import { create } from "./parts/element.js";
import { startTheme } from "./parts/theme.js";
import { refreshWaiting } from "./parts/waiting_badge.js";
import { showConfidence } from "./views/confidence.js";
import { showExecution } from "./views/execution.js";
import { showExecutions } from "./views/executions.js";
import { showModel } from "./views/model.js";
import { showOverview } from "./views/overview.js";
import { showReview } from "./views/review.js";
import { showTryIt } from "./views/try_it.js";

const VIEWS = {
  overview: ["Overview", showOverview],
  try: ["Try it", showTryIt],
  review: ["Review", showReview],
  executions: ["Executions", showExecutions],
  execution: ["Execution", showExecution],
  confidence: ["Confidence over time", showConfidence],
  model: ["Model", showModel],
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

function showView() {
  // The skip link's target is no view.
  if (window.location.hash === "#content") return;
  leaving.abort();
  leaving = new AbortController();
  const { name, identifier, parameters } = readAddress();
  const [title, fillView] = VIEWS[name] ?? VIEWS.overview;
  document.title = `${title} · Scones Unlimited`;
  const section = name === "execution" ? "executions" : VIEWS[name] ? name : "overview";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = create("h1", { tabindex: "-1" }, title);
  content.replaceChildren(heading);
  // A screen reader reads the new heading aloud; the first view it announces by the title.
  if (!firstView) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  firstView = false;
  fillView(content, { signal: leaving.signal, identifier, parameters });
  refreshWaiting();
}

startTheme(document.getElementById("theme-toggle"));
document.querySelector(".skip-link").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});
// Without this a browser opens a dropped file in place of the page, and what goes on in the page is lost.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
}
window.addEventListener("hashchange", showView);
showView();
