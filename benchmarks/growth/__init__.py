"""How time and memory grow with photos, classes and image size."""
