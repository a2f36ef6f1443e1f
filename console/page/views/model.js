/* Shows what the model is worth: the evaluation of the one in service, how it was trained, and its versions. */

import { html, render } from "/static/lit-html/lit-html.js";
import { showAnswers } from "../parts/answers.js";
import { drawCard } from "../parts/card.js";
import { drawAccuracy, drawConfusion, drawEachClass } from "./model/accuracy.js";
import { drawCalibration } from "./model/calibration.js";
import { drawNearDuplicates, drawWrongPhotos } from "./model/photos.js";
import { drawRecommendation } from "./model/recommendation.js";
import { drawThresholdCosts } from "./model/threshold_costs.js";
import { drawTraining } from "./model/training_curves.js";
import { drawVersions } from "./model/versions.js";

export function showModel(content, context) {
  const [evaluation, training, versions] = [0, 1, 2].map(() =>
    Object.assign(document.createElement("div"), { className: "stack" }),
  );
  render(html`${evaluation}${drawCard("Training", training)}${drawCard("Versions", versions)}`, content);
  // The tables that are shown in full, by their caption.
  const whole = new Set();
  const drawReport = (report) => {
    const showAll = (caption) => {
      whole.add(caption);
      redraw();
    };
    return [
      drawAccuracy(report),
      html`<div class="grid">${drawRecommendation(report)}${drawConfusion(report)}</div>`,
      drawThresholdCosts(report),
      drawCalibration(report),
      drawEachClass(report),
      drawWrongPhotos(report, whole, showAll),
      report.near_duplicates && drawNearDuplicates(report, whole, showAll),
    ];
  };
  const { redraw } = showAnswers(evaluation, ["/api/evaluation"], drawReport, context);
  showAnswers(training, ["/api/training"], drawTraining, context);
  showAnswers(versions, ["/api/versions"], drawVersions, context);
}
