"""A weight's way: how a network is fine-tuned or trained from scratch, calibrated and stored."""
