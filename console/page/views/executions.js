/*
 * Lists photos and their executions, newest first, with a filter that stands in the address. The server
 * answers from the table of outcomes where it can, and otherwise from Step Functions.
 */

import { html, render } from "/static/lit-html/lit-html.js";
import { fetchJson } from "../api.js";
import { showAnswers } from "../parts/answers.js";
import { restoreScrollPosition } from "../parts/scroll_position.js";
import { drawFilter } from "./executions/filter.js";
import { showList } from "./executions/list.js";

/* Where the user was in the list that was left last, and the address that was left last. */
let left = { query: null, state: null };
let leftAddress = "";
window.addEventListener("hashchange", ({ oldURL }) => {
  leftAddress = new URL(oldURL).hash;
});

export function showExecutions(place, context) {
  const { signal, setParameters } = context;
  let { parameters } = context;
  let pages = 1;
  returnToPlace(place, parameters, signal);
  signal.addEventListener("abort", () => {
    left = { query: `${parameters}`, state: { pages, scroll: window.scrollY } };
  });
  const [filterPlace, listPlace] = ["filter", "stack"].map((name) =>
    Object.assign(document.createElement("div"), { className: name }),
  );
  let errors = [];
  let leaving = new AbortController();
  signal.addEventListener("abort", () => leaving.abort());

  const keepPages = (number) => {
    pages = number;
    window.history.replaceState({ ...window.history.state, pages }, "");
  };
  const begin = (deployment) => {
    let focusList = () => {};
    const drawForm = () => {
      const choices = { classes: deployment.classes, errors, skip: () => focusList() };
      render(drawFilter(parameters, choices, apply), filterPlace);
    };
    const startList = () => {
      leaving.abort();
      leaving = new AbortController();
      const { signal: own } = leaving;
      const freshness = { keep: (load, seconds, error) => context.freshness.keep(load, seconds, error, own) };
      const keepOrder = (order) => {
        parameters = new URLSearchParams([...parameters].filter(([name]) => name !== "sort"));
        if (order !== "newest") parameters.set("sort", order);
        setParameters(parameters);
        drawForm();
      };
      pages = 1;
      const listContext = { signal: own, freshness, keepOrder, keepPages };
      focusList = showList(listPlace, parameters, deployment, listContext);
    };
    const apply = (wanted) => {
      const isOther = `${wanted}` !== `${parameters}`;
      parameters = wanted;
      const address = wanted.size ? `#/executions?${wanted}` : "#/executions";
      // With an entry of its own in the history, and without a new view, which would take the focus.
      if (isOther) window.history.pushState(null, "", address);
      drawForm();
      startList();
    };
    drawForm();
    startList();
    fetchJson("/api/errors", signal)
      .then((answer) => {
        errors = answer.errors ?? [];
        drawForm();
      })
      .catch(() => {});
  };

  let isBegun = false;
  const draw = (deployment) => {
    if (!isBegun) begin(deployment);
    isBegun = true;
    return html`${filterPlace}${listPlace}`;
  };
  showAnswers(place, ["/api/deployment"], draw, context);
}

/** Leads to where the user was, if an execution's link leads back to the list that it was opened from. */
function returnToPlace(place, parameters, signal) {
  const isReturn = leftAddress.startsWith("#/executions/") && left.query === `${parameters}`;
  if (!isReturn || window.history.state) return;
  window.history.replaceState(left.state, "");
  restoreScrollPosition(place, signal);
}
