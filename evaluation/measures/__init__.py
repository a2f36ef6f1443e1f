"""What a model is worth in numbers: each file is one measure."""
