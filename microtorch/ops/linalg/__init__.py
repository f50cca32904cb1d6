"""Products of matrices, contractions, diagonals."""
