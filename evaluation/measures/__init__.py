"""What a model is worth in numbers, one measure a file; intervals.py serves the others."""
