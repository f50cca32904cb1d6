"""Tensors from nothing, from others, at random, in other dtypes."""
