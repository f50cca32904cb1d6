"""Many numbers to fewer: sums, extremes, moments, norms, order."""
