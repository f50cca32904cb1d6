"""How `microtorch.captured` notes the array-level calls of a step: the calls, the recorder, and what it listens to."""
