/* Shows what the model is worth: the evaluation of the one in service, and how it was trained. */

import { createCard } from "../parts/card.js";
import { create } from "../parts/element.js";
import { showAnswers } from "../parts/loading.js";
import { createAccuracyCard, createConfusionCard, createPerClassCard } from "./model/accuracy.js";
import { addCalibrationCard } from "./model/calibration.js";
import { createNearDuplicatesCard, createWrongPhotosCard } from "./model/photos.js";
import { addThresholdPriceCard, createRecommendationCard } from "./model/threshold_price.js";
import { addTrainingCurves } from "./model/training_curves.js";

export function showModel(content, { signal }) {
  const evaluation = create("div", { class: "stack" });
  const training = create("div", { class: "stack" });
  content.append(evaluation, createCard("Training", training));
  const showReport = (place, report) => {
    place.append(
      createAccuracyCard(report),
      create("div", { class: "grid" }, createRecommendationCard(report), createConfusionCard(report)),
    );
    addThresholdPriceCard(place, report, signal);
    addCalibrationCard(place, report, signal);
    place.append(createPerClassCard(report), createWrongPhotosCard(report, signal));
    if (report.near_duplicates) place.append(createNearDuplicatesCard(report, signal));
  };
  showAnswers(evaluation, ["/api/evaluation"], showReport, signal);
  const showTraining = (place, history) => addTrainingCurves(place, history, signal);
  showAnswers(training, ["/api/training"], showTraining, signal);
}
