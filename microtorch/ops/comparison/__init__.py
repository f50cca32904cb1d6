"""Comparisons: which elements are equal, less, finite, and in which order they are."""
