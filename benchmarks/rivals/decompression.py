"""Decompresses a file and keeps nothing: ``python -m benchmarks.rivals.decompression PATH``."""

import gzip
import sys

PIECE = 1 << 16

if __name__ == "__main__":
    with gzip.open(sys.argv[1]) as file:
        while file.read(PIECE):
            pass
