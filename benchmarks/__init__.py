"""Measurements on the running stack: `python -m benchmarks`, or `make bench`."""
