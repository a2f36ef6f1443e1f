"""Batches: many photos at once, those under a prefix of S3 or of a folder; shared by command and page."""
