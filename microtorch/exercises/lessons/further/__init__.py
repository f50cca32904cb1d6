"""The checks of the lessons to go on with."""
