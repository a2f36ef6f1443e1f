"""Training jobs and transform jobs: ``job`` is what they share, then a file for each kind."""
