"""Changes in place and the views that see them."""
