"""The commands of ``python -m microtorch``, one module each: what it does, its options, and `run`."""
