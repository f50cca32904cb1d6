"""The checks of each lesson."""
