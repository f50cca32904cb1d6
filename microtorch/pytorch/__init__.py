"""Names for the sake of scripts written for PyTorch: old spellings, switches, and words about what is absent."""
