/* Shows the view that the address names. */

import { html, render } from "/static/lit-html/lit-html.js";
import { createServerError } from "./api.js";
import { drawNotice } from "./parts/answers.js";
import { Freshness } from "./parts/freshness.js";
import { keepScrollPosition, restoreScrollPosition } from "./parts/scroll_position.js";
import { startTheme } from "./parts/theme.js";
import { refreshWaiting } from "./parts/waiting_badge.js";

/* Of each view: its title, the view in the navigation that it belongs to, and what loads the function that fills it. */
const VIEWS = {
  overview: ["Overview", "overview", async () => (await import("./views/overview.js")).showOverview],
  try: ["Try it", "try", async () => (await import("./views/try_it.js")).showTryIt],
  review: ["Review", "review", async () => (await import("./views/review.js")).showReview],
  executions: ["Executions", "executions", async () => (await import("./views/executions.js")).showExecutions],
  execution: ["Execution", "executions", async () => (await import("./views/execution.js")).showExecution],
  "new-execution": [
    "New execution",
    "executions",
    async () => (await import("./views/new_execution.js")).showNewExecution,
  ],
  batches: ["Batches", "batches", async () => (await import("./views/batches.js")).showBatches],
  dashboard: ["Dashboard", "dashboard", async () => (await import("./views/dashboard.js")).showDashboard],
  confidence: [
    "Confidence over time",
    "confidence",
    async () => (await import("./views/confidence.js")).showConfidence,
  ],
  documents: ["Document", null, async () => (await import("./views/documents.js")).showDocument],
  model: ["Model", "model", async () => (await import("./views/model.js")).showModel],
};
const WAITING_MILLISECONDS = 15_000;
const UNKNOWN = ["No such view", null, async () => showUnknownView];
const content = document.getElementById("content");
const views = document.querySelector(".banner ul");
let leaving = new AbortController();
let firstView = true;

/** Reads "#/executions/ID?outcome=refused" into the name of a view, an identifier and parameters. */
function readAddress() {
  const [path, query = ""] = window.location.hash.replace(/^#\/?/, "").split("?");
  const [first = "", ...rest] = path.split("/");
  const parameters = new URLSearchParams(query);
  try {
    const identifier = decodeURIComponent(rest.join("/")) || null;
    const name = first === "executions" && identifier ? "execution" : first || "overview";
    return { name, identifier, parameters };
  } catch {
    // An escape that is none, such as "%E0%A4%A".
    return { name: "", identifier: null, parameters };
  }
}

function showView() {
  // The skip link's target is no view.
  if (window.location.hash === "#content") return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { name, identifier, parameters } = readAddress();
  const [title, section, load] = (Object.hasOwn(VIEWS, name) && VIEWS[name]) || UNKNOWN;
  markCurrent(section);
  const heading = Object.assign(document.createElement("h1"), { tabIndex: -1 });
  const setTitle = (words) => {
    heading.textContent = words;
    document.title = `${words} · Scones Unlimited`;
  };
  setTitle(title);
  const [freshnessPlace, body] = [document.createElement("div"), document.createElement("div")];
  freshnessPlace.className = "freshness";
  body.className = "stack view";
  content.replaceChildren(heading, freshnessPlace, body);
  // A screen reader reads the new heading aloud; the first view it announces by the title.
  if (!firstView) heading.focus({ preventScroll: true });
  firstView = false;
  restoreScrollPosition(content, signal);
  const freshness = new Freshness(freshnessPlace, body, signal);
  fillView(body, load, { signal, identifier, parameters, setTitle, setParameters, freshness });
  refreshWaiting();
}

async function fillView(body, load, context) {
  body.setAttribute("aria-busy", "true");
  const fill = await load().catch((error) => {
    console.error(error);
    context.freshness.wait(createServerError(null), async () => {
      // There are browsers that do not ask again for a module that they could not load.
      const fillLate = await load().catch(() => window.location.reload());
      if (!context.signal.aborted) fillLate?.(body, context);
    });
  });
  body.removeAttribute("aria-busy");
  if (!context.signal.aborted) fill?.(body, context);
}

function markCurrent(section) {
  for (const link of views.querySelectorAll("a")) {
    if (link.hash === `#/${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showCurrent();
}

/** Has the current view's name in sight: on a phone the row scrolls. */
function showCurrent() {
  const link = views.querySelector("[aria-current]");
  if (!link) return;
  const [row, own] = [views.getBoundingClientRect(), link.getBoundingClientRect()];
  views.scrollLeft += own.left + own.width / 2 - (row.left + row.width / 2);
}

/** Keeps what a view shows in the address, without a new entry in the history; the view is not shown anew. */
function setParameters(parameters) {
  const [path] = window.location.hash.split("?");
  const query = new URLSearchParams(parameters).toString();
  window.history.replaceState(window.history.state, "", query ? `${path}?${query}` : path || "#/overview");
}

function showUnknownView(place) {
  render(
    drawNotice(html`There is no view of this address. <a href="#/overview">Go to the overview</a>`),
    place,
  );
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
keepScrollPosition();
// A link becomes wider when a number stands beside it.
const widths = new ResizeObserver(showCurrent);
for (const item of views.children) widths.observe(item);
setInterval(refreshWaiting, WAITING_MILLISECONDS);
window.addEventListener("hashchange", showView);
showView();
