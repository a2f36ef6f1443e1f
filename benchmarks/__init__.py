"""One command a benchmark, each run as a module from the repository: ``python -m benchmarks.NAME``."""
