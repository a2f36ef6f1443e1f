"""What runs on each photo: serialize it, classify it, filter it by confidence. Deployed to AWS as it is."""
