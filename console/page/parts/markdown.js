/* Draws Markdown as elements, never as markup: a dashboard's texts may be from strangers. */

import { html } from "/static/lit-html/lit-html.js";
import { nameSection, readBlocks } from "./markdown_blocks.js";

const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|\*([^*]+)\*|!?\[((?:`[^`]*`|[^\]])*)\]\(([^)\s]*)\)/g;

/**
 * Draws a text.
 *
 * @param {string} text
 * @param {(target: string) => string|null} resolve Returns the address of a link's target; null where it has none here.
 */
export const drawMarkdown = (text, resolve) => readBlocks(text).map((block) => drawBlock(block, resolve));

function drawBlock(block, resolve) {
  const draw = (words) => drawInline(words, resolve);
  switch (block.kind) {
    case "heading": {
      const [id, words] = [`section-${nameSection(block.text)}`, draw(block.text)];
      return block.level < 3
        ? html`<h2 id=${id} tabindex="-1">${words}</h2>`
        : html`<h3 id=${id} tabindex="-1">${words}</h3>`;
    }
    case "code":
      return html`<pre tabindex="0">${block.text}</pre>`;
    case "table":
      return html`<div class="scroll" tabindex="0" role="group" aria-label=${block.head.join(", ")}>
        <table>
          <thead>
            <tr>${block.head.map((cell) => html`<th scope="col">${draw(cell)}</th>`)}</tr>
          </thead>
          <tbody>${block.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${draw(cell)}</td>`)}</tr>`)}</tbody>
        </table>
      </div>`;
    case "list": {
      const items = block.items.map((item) => html`<li>${draw(item)}</li>`);
      return block.isOrdered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    default:
      return html`<p>${draw(block.text)}</p>`;
  }
}

function drawInline(text, resolve) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [all, code, strong, emphasis, words, target] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + all.length;
    if (code !== undefined) parts.push(html`<code>${code}</code>`);
    else if (strong !== undefined) parts.push(html`<strong>${drawInline(strong, resolve)}</strong>`);
    else if (emphasis !== undefined) parts.push(html`<em>${drawInline(emphasis, resolve)}</em>`);
    else parts.push(drawLink(words, all.startsWith("!") ? null : resolve(target), resolve));
  }
  return [...parts, text.slice(end)];
}

/** Draws a link, and its words alone where it leads nowhere. */
function drawLink(words, address, resolve) {
  const drawn = drawInline(words, resolve);
  if (address === null) return drawn;
  return address.startsWith("#")
    ? html`<a href=${address}>${drawn}</a>`
    : html`<a href=${address} target="_blank" rel="noopener noreferrer">${drawn}</a>`;
}
