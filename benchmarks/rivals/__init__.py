"""What the benchmarks measure against: the usual way, written as plainly as elsewhere."""
