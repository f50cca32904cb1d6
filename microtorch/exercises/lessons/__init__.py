"""The checks of the twelve lessons."""
