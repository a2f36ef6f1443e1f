/* Shows what became of an execution's photo, the photo itself, and where all of it is to be found. */

import { html } from "/static/lit-html/lit-html.js";
import { drawClass } from "../../parts/class_mark.js";
import { drawCard, drawConsoleLink, drawTerms } from "../../parts/card.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { drawAnswer, drawAnswerBars } from "../../parts/execution_states.js";
import { linkExecution } from "../../parts/execution_link.js";
import { formatTime } from "../../parts/format.js";
import { drawOutcome, drawReviewer } from "../../parts/outcome.js";
import "../../parts/photo_image.js";

/** Draws the result with the threshold that decided it. */
export function drawResult(execution, { classes, threshold }, path) {
  const { bucket, key, name, state_machine: machine } = execution;
  const open = (event) => event.currentTarget.nextElementSibling.showModal();
  const picture = (className, size = "") => html`<photo-image
    path=${key ? `${path}/photo${size}` : ""}
    alt="Photo ${name ?? ""}"
    class=${className}
    missing="The input names no photo"
  ></photo-image>`;
  return drawCard(
    "Result",
    html`<div class="result">
      <div class="stack">
        <div aria-live="polite">${drawAnswer(execution)}</div>
        ${drawAnswerBars(execution, classes, threshold?.value ?? null)}
      </div>
      ${key
        ? html`<div>
            <button type="button" class="photo" @click=${open}>
              <span class="unseen">Enlarge</span> ${picture("picture")}
            </button>
            <dialog class="enlarged whole" aria-label="Photo ${name}" @click=${(event) => event.currentTarget.close()}>
              ${picture("", "?large")}
              <button type="button">Close</button>
            </dialog>
          </div>`
        : picture("")}
      <div>
        ${drawTerms([
          ["Photo", bucket ? drawCopied(`s3://${bucket}/${key}`, "the photo's S3 URI") : null],
          ["Started", formatTime(execution.started)],
          ...describeKept(execution, classes),
          ["Execution", drawCopied(execution.arn, "the execution's ARN", execution.id)],
          ["State machine", drawCopied(machine, "the state machine's ARN", machine.split(":").at(-1))],
        ])}
        ${execution.link ? html`<p>${drawConsoleLink(execution.link)}</p>` : ""}
      </div>
    </div>`,
  );
}

const drawCopied = (text, what, shown = text) => html`<span title=${text}>${shown}</span> ${drawCopyButton(text, what)}`;

/** Returns the terms of what the table of outcomes keeps of the photo, which a person may have judged since. */
function describeKept({ id, kept }, classes) {
  if (!kept) return [];
  if (kept.fault) return [["Kept outcome", kept.fault]];
  const terms = [["Kept outcome", html`${drawOutcome(kept.outcome)}, ${formatTime(kept.decided)}`]];
  if (kept.label) terms.push(["Label", drawClass(classes, kept.label)]);
  if (kept.reviewed_by) terms.push(["Reviewed", drawReviewer(kept.reviewed_by)]);
  if (kept.id !== id || kept.batch) {
    terms.push(["Decided by", html`<a href=${linkExecution(kept)}>${kept.batch ?? kept.id}</a>`]);
  }
  return terms;
}
