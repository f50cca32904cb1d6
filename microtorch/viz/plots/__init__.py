"""Curves, landscapes and weights."""
