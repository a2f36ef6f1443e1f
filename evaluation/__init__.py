"""What a model is worth: accuracy, calibration, the price of a confidence threshold, and which is better."""
