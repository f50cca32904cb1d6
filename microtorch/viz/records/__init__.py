"""The backward graph as records to draw."""
