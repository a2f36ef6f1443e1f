"""The photos that people labelled in a review: which there are, and which of them are taken."""
