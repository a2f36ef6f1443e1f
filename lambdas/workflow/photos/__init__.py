"""Reads a photo of whatever origin and makes it small: ``photo`` is what others ask, the rest is its own."""
