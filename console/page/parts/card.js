/* Draws cards, and what stands in several of them: figures, and the link to AWS's console. */

import { html } from "/static/lit-html/lit-html.js";

/** Draws a section under a heading; both have the title for a name. */
export const drawCard = (title, ...children) =>
  html`<section class="card" aria-label=${title}><h2>${title}</h2>${children}</section>`;

/** Draws a number in large type between its name and a note on it. */
export const drawFigure = (name, value, note) =>
  html`<div class="figure"><span>${name}</span><strong>${value}</strong><span class="small">${note}</span></div>`;

/** Draws terms, each with its description; a term without one has a dash. */
export const drawTerms = (terms) =>
  html`<dl>${terms.map(([name, value]) => html`<dt>${name}</dt><dd>${value ?? "–"}</dd>`)}</dl>`;

/** Draws a link to where AWS's own console shows the same. */
export const drawConsoleLink = (href) =>
  html`<a href=${href} target="_blank" rel="noopener noreferrer">Open in AWS's console</a>`;
