/* Shows one of the project's documents, such as the runbook, at the section that the address names. */

import { html } from "/static/lit-html/lit-html.js";
import { showAnswers } from "../parts/answers.js";
import { drawMarkdown } from "../parts/markdown.js";
import { nameSection, readBlocks } from "../parts/markdown_blocks.js";
import { resolveLink } from "./documents/links.js";

export function showDocument(place, context) {
  const [name, section = ""] = (context.identifier ?? "runbook").split("/");
  let isShown = false;
  const draw = ({ text }) => {
    const title = readBlocks(text).find(({ kind }) => kind === "heading")?.text ?? name;
    context.setTitle(title.replaceAll("`", ""));
    if (!isShown) requestAnimationFrame(() => showSection(place, section, context.signal));
    isShown = true;
    // The page has the title for its own heading.
    const rest = text.replace(/^# .*\n/, "");
    return html`<article class="card document">${drawMarkdown(rest, (target) => resolveLink(target, name))}</article>`;
  };
  showAnswers(place, [`/api/documents/${encodeURIComponent(name)}`], draw, context);
}

function showSection(place, section, signal) {
  const heading = section && place.querySelector(`#section-${CSS.escape(nameSection(section))}`);
  if (!heading || signal.aborted) return;
  heading.scrollIntoView();
  heading.focus({ preventScroll: true });
}
