/* Draws the list's filter: one field to search with, outcomes, periods, and what is needed less often. */

import { html } from "/static/lit-html/lit-html.js";
import { live } from "/static/lit-html/directives/live.js";
import { getTimeZone } from "../../parts/format.js";
import { drawOutcome, OUTCOMES } from "../../parts/outcome.js";
import { PERIODS } from "./query.js";

const BETWEEN = "between";
const SELDOM = ["class", "error", "min", "max"];

/**
 * Draws the filter.
 *
 * @param {URLSearchParams} parameters What the address says.
 * @param {{classes: string[], errors: string[], skip: () => void}} context What there is to choose from, and
 *   what leads the keyboard to the list.
 * @param {(parameters: URLSearchParams) => void} apply Called with what the address shall say.
 */
export function drawFilter(parameters, { classes, errors, skip }, apply) {
  const submit = (event) => {
    event.preventDefault();
    apply(readForm(event.currentTarget, parameters));
  };
  const change = (event) => {
    const { form, value, type } = event.target;
    // Of what is typed, only the button says that it is done.
    if (!["checkbox", "select-one"].includes(type)) return;
    form.classList.toggle(BETWEEN, form.elements.period.value === BETWEEN);
    if (value !== BETWEEN) apply(readForm(form, parameters));
  };
  const pass = (event) => {
    event.preventDefault();
    skip();
  };
  const period = findPeriod(parameters);
  return html`<form
    class="filters card find ${period === BETWEEN ? BETWEEN : ""}"
    aria-label="Filter"
    @submit=${submit}
    @change=${change}
  >
    <a class="skip-link" href="#content" @click=${pass}>Skip the filter</a>
    <div class="row whole">
      <label class="search"
        >Search<input
          type="search"
          name="search"
          maxlength="400"
          placeholder="File name, execution id or ARN, error"
          .value=${live(parameters.get("search") ?? "")}
      /></label>
      <button class="primary">Search</button>
      ${drawPeriod(period)} ${parameters.size ? html`<a class="button" href="#/executions">Clear</a>` : ""}
    </div>
    ${drawTimes(parameters)}
    <fieldset>
      <legend class="unseen">Outcome</legend>
      ${OUTCOMES.map((outcome) => drawChoice(outcome, parameters.getAll("outcome").includes(outcome)))}
    </fieldset>
    <details ?open=${SELDOM.some((name) => parameters.get(name))}>
      <summary>Class, error, confidence</summary>
      <div class="row">
        ${drawSelect("class", "Class", classes, parameters)}
        ${drawSelect("error", "Error", errors, parameters)}
        ${drawShare("min", "Confidence from", "0", parameters)} ${drawShare("max", "to", "1", parameters)}
        <button>Apply</button>
      </div>
    </details>
  </form>`;
}

const drawPeriod = (period) =>
  html`<label
    >Period<select name="period">
      ${Object.entries({ "": "Any time", ...PERIODS, [BETWEEN]: "Between…" }).map(
        ([name, words]) => html`<option value=${name} .selected=${name === period}>${words}</option>`,
      )}
    </select></label
  >`;

const drawTimes = (parameters) =>
  html`<div class="row whole times">
    ${Object.entries({ from: "From", to: "Until" }).map(
      ([name, words]) => html`<label
        >${words} (${getTimeZone()})<input
          type="datetime-local"
          name=${name}
          .value=${live(readLocalTime(parameters.get(name)))}
      /></label>`,
    )}
    <button>Apply</button>
  </div>`;

const drawChoice = (outcome, isChosen) =>
  html`<label class="choice"
    ><input type="checkbox" name="outcome" value=${outcome} .checked=${live(isChosen)} />${drawOutcome(
      outcome,
    )}</label
  >`;

function drawSelect(name, label, names, parameters) {
  const chosen = parameters.get(name) ?? "";
  const known = chosen && !names.includes(chosen) ? [...names, chosen] : names;
  return html`<label
    >${label}<select name=${name}>
      <option value="" .selected=${chosen === ""}>Any</option>
      ${known.map((each) => html`<option value=${each} .selected=${each === chosen}>${each}</option>`)}
    </select></label
  >`;
}

const drawShare = (name, label, limit, parameters) =>
  html`<label
    >${label}<input
      type="number"
      name=${name}
      min="0"
      max="1"
      step="any"
      inputmode="decimal"
      placeholder=${limit}
      .value=${live(parameters.get(name) ?? "")}
  /></label>`;

/** Returns the period of the address: one of PERIODS, "between" two times, or "" for any. */
function findPeriod(parameters) {
  const [from, to] = [parameters.get("from") ?? "", parameters.get("to") ?? ""];
  return to || (from && !Object.hasOwn(PERIODS, from)) ? BETWEEN : from;
}

/** Returns what the field of a time takes; nothing for what is none, or goes with the clock. */
const readLocalTime = (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? text : "");

function readForm(form, parameters) {
  const given = new FormData(form);
  const period = given.get("period");
  given.delete("period");
  if (period !== BETWEEN) {
    given.set("from", period);
    given.delete("to");
  }
  given.set("sort", parameters.get("sort") ?? "");
  return new URLSearchParams([...given].filter(([, value]) => value.trim() !== ""));
}
