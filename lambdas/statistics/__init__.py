"""Statistics that a deploy decides by and a report shows, in plain Python: Lambda has no NumPy."""
