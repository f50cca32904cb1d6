"""The state of an optimizer: in rows for its kernel, and as a state to save and load."""
