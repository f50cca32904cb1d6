"""What an optimizer keeps: in rows for its kernel, and as a state to save and load."""
