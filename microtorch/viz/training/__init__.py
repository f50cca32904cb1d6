"""A training as a page."""
