"""Elements read and written by position, index and mask."""
