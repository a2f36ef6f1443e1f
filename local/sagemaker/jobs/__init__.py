"""Training jobs and batch transforms."""
