/* What the model is worth: the evaluation of the one in service, and how it was trained. */

import { json } from "../api.js";
import { element } from "../parts/element.js";
import { showLoaded } from "../parts/loading.js";
import { accuracyCard, confusionCard, perClassCard } from "./model/accuracy.js";
import { calibrationCard } from "./model/calibration.js";
import { nearDuplicatesCard, wrongPhotosCard } from "./model/photos.js";
import { recommendationCard, thresholdPriceCard } from "./model/threshold_price.js";
import { trainingCurves } from "./model/training_curves.js";

export function modelView(content, { signal }) {
  const evaluation = element("div", { class: "stack" });
  const training = element("div", { class: "stack" });
  content.append(
    evaluation,
    element(
      "section",
      { class: "card", "aria-labelledby": "training" },
      element("h2", { id: "training" }, "Training"),
      training,
    ),
  );
  showLoaded(
    evaluation,
    signal,
    () => json("/api/evaluation", signal),
    (place, report) => {
      place.append(accuracyCard(report));
      place.append(element("div", { class: "grid" }, recommendationCard(report), confusionCard(report)));
      // Charts measure the place that they stand in: they are drawn once it is in the page.
      for (const card of [thresholdPriceCard, calibrationCard]) card(place, report, signal);
      place.append(
        ...[perClassCard(report), wrongPhotosCard(report, signal), nearDuplicatesCard(report, signal)].filter(Boolean),
      );
    },
  );
  showLoaded(
    training,
    signal,
    () => json("/api/training", signal),
    (place, history) => trainingCurves(place, history, signal),
  );
}
