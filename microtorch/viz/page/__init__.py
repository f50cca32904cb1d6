"""The page that plays a backward pass."""
