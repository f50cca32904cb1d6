"""Speed and memory, measured side by side: `make bench`, or `python -m benchmarks --help`."""
