"""Training jobs and transform jobs: ``job`` holds what they share, then a file each."""
