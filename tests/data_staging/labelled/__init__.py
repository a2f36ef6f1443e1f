"""Photos that people labelled go into the training split, and nowhere else."""
